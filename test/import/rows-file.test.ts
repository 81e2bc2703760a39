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

it('CSV: quotes, a byte order mark, empty cells, and each row that is wrong by its rule', async () => {
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
    summary: { applied: false, apps: {}, accounts: { new: 4, failed: 1 } },
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

it('JSON lines: told twice they change nothing; a token in the wrong place is repeated in no complaint', async () => {
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
  ['csv', 'a,b\n"open', /is not CSV with a first line of names \(line 2\)/],
  ['jsonl', undefined, /cannot be read/],
])('a %s file that is none is said in a sentence', async (format, text, sentence) => {
  const path = text === undefined ? join(directory, 'nowhere') : await file('broken', text)
  expect(await importing.run([format, path])).toMatchObject({ code: 2, err: expect.stringMatching(sentence) })
})
