import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { connectTokens, type Tokens } from '../../src/client/index.ts'
import { startApi } from '../client/api-server.ts'
import { eventually } from '../support/eventually.ts'
import { readDevFile, startTokenbus, type TokenbusProcess } from '../support/tokenbus-process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const has = (program: string) => spawnSync(program, ['--version']).status === 0

let dataDir: string
let dev: TokenbusProcess
let consumerUrl: string
let tokens: Tokens
const running: ChildProcess[] = []

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-examples-'))
  dev = startTokenbus(['dev'], { TOKENBUS_DATA_DIR: dataDir, TOKENBUS_HTTP_PORT: '0' })
  await dev.says('tokenbus ready')
  const { consumer } = JSON.parse(readFileSync(join(dataDir, 'nats/passwords.json'), 'utf8'))
  const url = new URL((await readDevFile(dataDir)).nats)
  consumerUrl = `nats://consumer:${consumer}@${url.host}`
  tokens = await connectTokens({ servers: consumerUrl })
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})
afterAll(async () => {
  await tokens.close()
  await dev.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** An example as a program with the role `consumer` runs it; `said` is all it has printed so far. */
function start(command: string, args: readonly string[]) {
  const child = spawn(command, args, {
    cwd: root,
    env: { PATH: process.env.PATH, TOKENBUS_DATA_DIR: dataDir, TOKENBUS_NATS_URL: consumerUrl },
  })
  running.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const says = (text: string | RegExp) => eventually(() => expect(said).toMatch(text), { every: 50 })
  return { said: () => said, says, ended, kill: () => child.kill() && ended }
}

async function outcome(command: string, ...args: string[]) {
  const { said, ended } = start(command, args)
  return { code: await ended, said: said().trimEnd() }
}
const node = (name: string) => start(process.execPath, [`examples/${name}.js`])

describe('an example that ends', () => {
  it.each([
    ['list-google-calendars', /^calendar {2}Calendar\nbirthdays {2}Birthdays$/],
    ['create-google-event', /^200 Lunch https:/],
    ['list-graph-calendars', /^calendar {2}Calendar\nbirthdays {2}Birthdays$/],
  ])('%s', async (name, output) => {
    const { code, said } = await outcome(process.execPath, `examples/${name}.js`)
    expect(said).toMatch(output)
    expect(code).toBe(0)
  })

  it.skipIf(!has('python3')).each([
    ['demo', 0],
    ['no.such@ä', 1],
  ])('token.py (python3) for %s', async (account, code) => {
    const ended = await outcome('python3', 'examples/token.py', account)
    expect(ended).toEqual({
      code,
      said: expect.stringMatching(code === 0 ? /^\S{20,}$/ : /^account_not_found: /),
    })
  })

  it.skipIf(!has('bash')).each([
    ['demo', 0],
    ['no.such@ä', 1],
  ])('token.sh (bash) for %s', async (account, code) => {
    const ended = await outcome('bash', 'examples/token.sh', account)
    expect(ended).toEqual({
      code,
      said: expect.stringMatching(code === 0 ? /^\S{20,}$/ : /"account_not_found".*"no\.such@ä"/),
    })
  })
})

it('a token that an API rejects is replaced on the first 401', async () => {
  await using api = await startApi()
  const { accessToken, generation } = await tokens.get('demo')
  api.accepts = (token) => token !== accessToken
  expect((await tokens.fetch('demo', api.url)).status).toBe(200)
  expect((await tokens.get('demo')).generation).toBeGreaterThan(generation)
})

it('durable-consumer receives the events it missed while it was stopped', async () => {
  const create = startTokenbus(['consumer', 'create', 'consumer'], { TOKENBUS_DATA_DIR: dataDir })
  expect(await create.ended).toBe(0)
  const before = node('durable-consumer')
  await before.says('token.refreshed  demo')
  await before.kill()
  const [, seen] = [...before.said().matchAll(/version (\d+)/g)].at(-1) ?? []
  await tokens.get('demo', { forceRefresh: true })
  const after = node('durable-consumer')
  await after.says('token.refreshed  demo')
  const versions = [...after.said().matchAll(/version (\d+)/g)].map(([, version]) => Number(version))
  expect(Math.min(...versions)).toBeGreaterThan(Number(seen))
})

it('notify-invalid reports an account whose grant has ended', async () => {
  const notify = node('notify-invalid')
  await notify.says('waiting')
  const { sandbox } = await readDevFile(dataDir)
  await fetch(`${sandbox}/sandbox/revoke`, {
    method: 'POST',
    headers: { 'x-sandbox': '1', 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'demo' }),
  })
  await expect(tokens.get('demo', { forceRefresh: true })).rejects.toMatchObject({ code: 'grant_revoked' })
  await notify.says(/demo \(demo@example\.com\) has no token any more: .*reconnect/)
})
