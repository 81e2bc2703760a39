import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sandboxApp } from '../support/node.ts'
import { type Importing, startImporting } from './start-import.ts'

let importing: Importing
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-rows-'))
  importing = await startImporting()
  await importing.node.tokenbus.putApp('app', { ...sandboxApp })
})
afterAll(async () => {
  await importing[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  return path
}

const outcomes = (rows: readonly { id: string; outcome: string; reason?: string }[]) =>
  Object.fromEntries(rows.map(({ id, outcome, reason }) => [id, reason ? `${outcome}: ${reason}` : outcome]))

it('CSV: quotes, a byte order mark, empty cells, and the rule that an invalid row breaks', async () => {
  const path = await file(
    'accounts.csv',
    [
      '\ufeffaccount,app,user,refreshToken,scopes,metadata,policy',
      'csv-1,app,one@example.com,r1,mail.read mail.send,"{""team"":""blue, green""}",lazy',
      '"csv,2",app,two@example.com,r2,,,',
      'csv-3,nowhere,three@example.com,r3,,,',
      'csv-4,app,four@example.com,,,,',
      'csv-5,app,five@example.com,r5,,,sometimes',
    ].join('\r\n'),
  )
  const dry = await importing.run(['csv', path])
  expect(dry).toMatchObject({
    code: 1,
    summary: { applied: false, apps: {}, accounts: { new: 2, failed: 3 } },
  })
  const { code, rows } = await importing.run(['csv', path, '--apply'])
  expect(code).toBe(1)
  expect(outcomes(rows)).toEqual({
    'csv-1': 'imported',
    'csv,2': 'imported',
    'csv-3': 'failed: app_not_found: app: there is no such app',
    'csv-4': expect.stringMatching(/^failed: invalid_config: refreshToken/),
    'csv-5': expect.stringMatching(/^failed: policy/),
  })
  expect(await importing.node.tokenbus.getAccount('csv-1')).toMatchObject({
    value: {
      user: 'one@example.com',
      policy: 'lazy',
      registeredScopes: ['mail.read', 'mail.send'],
      metadata: { team: 'blue, green' },
    },
  })
})

it('JSON lines: a repeated import changes nothing, and no error quotes a misplaced token', async () => {
  const path = await file(
    'accounts.jsonl',
    [
      '{"account":"line-1","app":"app","user":"one@example.com","refreshToken":"r1"}',
      '',
      'no JSON at all: secret-token',
      '{"account":"line-2","app":"app","user":{"secret-token":"secret-token"}}',
    ].join('\n'),
  )
  const first = await importing.run(['jsonl', path, '--apply'])
  expect(outcomes(first.rows)).toEqual({
    'line-1': 'imported',
    'line 3': expect.stringMatching(/^failed: payload/),
    'line-2': expect.stringMatching(/^failed: user/),
  })
  expect(JSON.stringify(first)).not.toContain('secret-token')
  const again = await importing.run(['jsonl', path, '--apply'])
  expect(again.summary).toMatchObject({ accounts: { unchanged: 1, failed: 2 } })
})

it.each([
  ['csv', '"account,app\na,b', /has no column names; the columns may be account, app, user, /],
  ['csv', 'account,refresh_token\na,b', /unknown column names; the columns may be account, app, user, /],
  ['csv', 'account,app,app\na,b,c', /a duplicate column name/],
  ['jsonl', undefined, /cannot be read/],
])('an invalid %s file is reported in one sentence', async (format, text, sentence) => {
  const path = text === undefined ? join(directory, 'nowhere') : await file('broken', text)
  expect(await importing.run([format, path])).toMatchObject({ code: 2, err: expect.stringMatching(sentence) })
})

const row = (id: string, more: object = {}) =>
  JSON.stringify({ account: id, app: 'app', user: `${id}@example.com`, refreshToken: `rt-${id}`, ...more })

it('every outcome has its line, and failures are repeated at the end', async () => {
  const lines = [row('told-1'), '{"account":"told-2"}', row('told-3', { app: 'nowhere' }), row('told-4')]
  const path = await file('told.jsonl', lines.join('\n'))
  const { code, rows, failures } = await importing.run(['jsonl', path, '--apply'])
  expect(code).toBe(1)
  const places = rows.map(({ line, id, outcome }) => [line, id, outcome])
  expect(places.sort()).toEqual([
    [1, 'told-1', 'imported'],
    [2, 'told-2', 'failed'],
    [3, 'told-3', 'failed'],
    [4, 'told-4', 'imported'],
  ])
  expect(failures.map(({ line, id }) => [line, id]).sort()).toEqual([
    [2, 'told-2'],
    [3, 'told-3'],
  ])
})

it('a dry run reports what --apply would do: unknown apps, missing tokens, existing accounts', async () => {
  await importing.run([
    'jsonl',
    await file('before.jsonl', [row('dry-1'), row('dry-2')].join('\n')),
    '--apply',
  ])
  const lines = [
    row('dry-1'),
    row('dry-2', { refreshToken: 'another' }),
    row('dry-3'),
    row('dry-4', { app: 'nowhere' }),
    row('dry-5', { refreshToken: undefined }),
  ]
  const path = await file('dry.jsonl', lines.join('\n'))
  const dry = await importing.run(['jsonl', path])
  expect(dry.code).toBe(1)
  const failing = {
    'dry-4': 'failed: app_not_found: app: there is no such app',
    'dry-5': 'failed: invalid_config: refreshToken: required to connect an account of this app',
  }
  expect(outcomes(dry.rows)).toEqual({ 'dry-1': 'known', 'dry-2': 'changed', 'dry-3': 'new', ...failing })
  expect(await importing.node.tokenbus.getAccount('dry-3')).toMatchObject({ ok: false })
  const applied = await importing.run(['jsonl', path, '--apply'])
  expect(outcomes(applied.rows)).toEqual({
    'dry-1': 'unchanged',
    'dry-2': 'imported',
    'dry-3': 'imported',
    ...failing,
  })
})

it('of several rows with the same account none is imported, or the last with --last-wins', async () => {
  const twice = [row('twice'), row('once'), row('twice', { refreshToken: 'the last' })]
  const path = await file('twice.jsonl', twice.join('\n'))
  const { code, rows } = await importing.run(['jsonl', path, '--apply'])
  expect(code).toBe(1)
  expect(rows.filter(({ id }) => id === 'twice').map(({ reason }) => reason)).toEqual([
    'the same account is in line 3 too',
    'the same account is in line 1 too',
  ])
  expect(await importing.node.tokenbus.getAccount('twice')).toMatchObject({ ok: false })
  const last = await importing.run(['jsonl', path, '--apply', '--last-wins'])
  expect(last.summary).toMatchObject({ accounts: { imported: 1, unchanged: 1, skipped: 1 } })
  const { accounts } = importing.node.host
  const { record } = await accounts.load('twice')
  expect(accounts.openCurrent('twice', record)?.refreshToken?.reveal()).toBe('the last')
})

const latin1 = Buffer.from(`${row('latin-1')}\n${row('jos\u00e9')}`, 'latin1')
const utf16 = Buffer.from(`\ufeff${row('utf-16')}`, 'utf16le')
it.each([
  ['Latin-1', latin1, /is not UTF-8 \(line 2\): save it as UTF-8. Nothing was imported/],
  ['UTF-16', utf16, /is UTF-16 or UTF-32: save it as UTF-8. Nothing was imported/],
  ['UTF-16 big-endian', Buffer.from(utf16).swap16(), /is UTF-16 or UTF-32/],
  ['UTF-16 without a byte order mark', utf16.subarray(2), /is UTF-16 or UTF-32/],
])('%s is rejected before the first row', async (_, bytes, sentence) => {
  const path = join(directory, 'encoded')
  await writeFile(path, bytes)
  for (const format of bytes === latin1 ? ['jsonl'] : ['jsonl', 'csv']) {
    const { code, err, rows } = await importing.run([format, path, '--apply'])
    expect({ code, rows }).toEqual({ code: 2, rows: [] })
    expect(err).toMatch(sentence)
  }
})

it('a malformed CSV row does not affect others, and is not quoted', async () => {
  const text = [
    'account,app,user,refreshToken',
    'short-1,app,one@example.com',
    'long-1,app,one@example.com,secret-token,secret-token',
    'quoted-1,app,"one"secret-token,r',
    'open-1,app,"secret-token,r',
    'open-2,app,right@example.com,"r',
    'right-2,app,right@example.com,r2',
    '',
  ]
  const { code, rows, err } = await importing.run([
    'csv',
    await file('wrong.csv', text.join('\n')),
    '--apply',
  ])
  expect(code).toBe(1)
  expect(outcomes(rows)).toEqual({
    'line 2': 'failed: has 3 cells, but the header line has 4 columns',
    'line 3': 'failed: has 5 cells, but the header line has 4 columns',
    'line 4': 'failed: its quotes are unbalanced',
    'line 5': 'failed: its quotes are unbalanced',
    'line 6': 'failed: its quotes are unbalanced',
    'right-2': 'imported',
  })
  expect(JSON.stringify(rows) + err).not.toContain('secret-token')
})
