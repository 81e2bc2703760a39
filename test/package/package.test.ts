import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readDevFile, startTokenbus } from '../support/tokenbus-process.ts'
import { installPacked, type Packed } from './packed.ts'

let packed: Packed
let withoutSandbox: string

beforeAll(() => {
  packed = installPacked()
  withoutSandbox = packed.run(
    'dev.mjs',
    `process.argv = [process.argv[0], 'tokenbus', 'dev']
process.env.TOKENBUS_DATA_DIR = '${join(packed.folder, 'alone')}'
await import('${join(packed.installed, 'dist/src/bin.js')}')`,
  )
  packed.add('oidc-provider')
})
afterAll(() => packed.remove())

describe('the package', () => {
  it('contains code, types and nats.conf: no maps, tests or sources', () => {
    const files = readdirSync(packed.installed, { recursive: true, encoding: 'utf8' })
    expect(files.filter((file) => /\.map$|(?<!\.d)\.ts$|^(dist\/)?(test|examples)\//.test(file))).toEqual([])
    expect(files).toEqual(expect.arrayContaining(['nats.conf', 'dist/src/redis/scripts/save.lua']))
  })

  it('explains an error with the line of the page that comes with it', () => {
    const bin = join(packed.installed, 'dist/src/bin.js')
    const show = `process.argv = [process.argv[0], 'tokenbus', 'explain', 'grant_revoked']\nawait import('${bin}')`
    const places = [...packed.run('explain.mjs', show).matchAll(/^see +(\S+):(\d+)$/gm)]
    const entries = places.map(
      ([, page = '', line]) => readFileSync(page, 'utf8').split('\n')[Number(line) - 1],
    )
    expect(entries).toEqual([
      expect.stringContaining('id="grant_revoked"'),
      expect.stringContaining('id="reason-grant_revoked"'),
    ])
    expect(places[0]?.[1]).toBe(realpathSync(join(packed.installed, 'docs/errors.md')))
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: packed.installed, pack: false, strict: true })
    expect(messages.map((message) => formatMessage(message, packed.manifest))).toEqual([])
  })

  it.each(['ours.mjs', 'theirs.cjs'])('has exports that can be imported by %s', (file) => {
    const names = ['client', 'server', 'machines', 'testing']
    const imports = names.map((name) => `import('tokenbus/${name}')`)
    const show = `Promise.all([${imports}]).then((all) => process.stdout.write(String(all.every((m) => Object.keys(m).length > 0))))`
    expect(packed.run(file, show)).toBe('true')
  })

  it('has types for a strict program', () => {
    const source = `import { connectTokens, googleAuth, graphAuth, TokensError, type Token } from 'tokenbus/client'
import { type Config, startService } from 'tokenbus/server'
import { accountMachine } from 'tokenbus/machines'
import { given } from 'tokenbus/testing'
await using tokens = await connectTokens({ servers: 'nats://127.0.0.1:4222', tls: {} })
const token: Token = await tokens.get('alice', { minValidity: 60 })
tokens.on('invalid', ({ reason, recoverable }) => { const text: string = reason; const flag: boolean = recoverable; void [text, flag] })
const error = new TokensError({ error: 'grant_revoked', message: '' })
if (error.code === 'refresh_timeout') void error.retryAfter
// @ts-expect-error no such code
if (error.code === 'no_such_code') void 0
void [token, googleAuth, graphAuth, startService, accountMachine, given, {} as Config]
export {}
`
    expect(packed.compile(source)).toBe('')
  })

  it('prints one sentence with an unsupported Node', () => {
    const bin = join(packed.installed, 'dist/src/bin.js')
    expect(readFileSync(bin, 'utf8').match(/^import .*|\bimport\(.*?\)/gm)).toEqual(["import('./main.js')"])
    const program = `Object.defineProperty(process.versions, 'node', { value: '18.20.8' })
await import(process.argv[2])`
    expect(packed.run('old.mjs', program, bin)).toBe(
      'tokenbus needs Node 20.19 or newer, and this is 18.20.8; install a newer Node.\n',
    )
  })

  it('runs tokenbus dev, and its client gets a token', async () => {
    const dataDir = join(packed.folder, 'data')
    const env = { TOKENBUS_DATA_DIR: dataDir, TOKENBUS_HTTP_PORT: '0' }
    await using dev = startTokenbus(['dev'], env, join(packed.installed, 'dist/src/bin.js'))
    await dev.says('tokenbus ready')
    expect(dev.output()).toContain('npx tokenbus token demo')
    const program = `import { connectTokens } from 'tokenbus/client'
const tokens = await connectTokens({ servers: process.argv[2] })
const { account, accessToken } = await tokens.get('demo')
process.stdout.write(account + ' ' + (accessToken.length > 20))
await tokens.close()`
    expect(packed.run('ours.mjs', program, (await readDevFile(dataDir)).nats)).toBe('demo true')
  })
})

it('without the servers prints in one sentence what tokenbus dev needs', () => {
  expect(withoutSandbox).toContain(
    'The sandbox OAuth server needs oidc-provider, which tokenbus does not install by itself: npm install oidc-provider@9.',
  )
})
