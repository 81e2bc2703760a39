import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { readDevFile, runTokenbus, startTokenbus, type TokenbusProcess } from '../support/tokenbus-process.ts'

let dataDir: string
let dev: TokenbusProcess
const root = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))
const env = () => ({ TOKENBUS_DATA_DIR: dataDir, TOKENBUS_HTTP_PORT: '0' })
const tokenbus = (...args: string[]) => runTokenbus(args, env())
const json = async (...args: string[]) => JSON.parse((await tokenbus('--json', ...args)).output)
const becomes = (state: string) =>
  eventually(async () => expect(await json('account', 'get', 'demo')).toMatchObject({ state }), {
    every: 100,
  })

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-dev-'))
  dev = startTokenbus(['dev'], env())
  await dev.says('tokenbus ready')
})
afterAll(async () => {
  await dev.stop()
  await rm(dataDir, { recursive: true, force: true })
})

describe('tokenbus dev', () => {
  it('prints its addresses and three commands to try before it is ready', () => {
    expect(dev.output()).toMatch(/NATS .*nats:\/\/127\.0\.0\.1:\d+/)
    expect(dev.output().match(/npm run tokenbus -- /g)).toHaveLength(3)
    expect(dev.output()).toMatch(/\ntokenbus ready\n/)
  })

  it('has an account demo, whose token the sandbox API accepts', async () => {
    const token = await json('token', 'demo')
    expect(token).toMatchObject({
      account: 'demo',
      app: 'sandbox',
      provider: 'oidc',
      user: 'demo@example.com',
    })
    const { sandbox } = await readDevFile(dataDir)
    const me = await fetch(`${sandbox}/me`, { headers: { authorization: `Bearer ${token.accessToken}` } })
    expect(me.status).toBe(200)
    expect(await me.json()).toMatchObject({ sub: 'demo' })
  })

  it('serves tokens over HTTP unless configured otherwise', async () => {
    const { http, adminToken } = await readDevFile(dataDir)
    const { status, body } = await fetch(`${http}/v1/account/demo/oauth-token`, {
      headers: { authorization: `Bearer ${adminToken}` },
    }).then(async (answer) => ({ status: answer.status, body: await answer.json() }))
    expect({ status, body }).toMatchObject({ status: 200, body: { account: 'demo' } })
  })

  it('shows all five states by its commands, and every transition replays', async () => {
    await becomes('valid')
    await tokenbus('sandbox', 'outage', '30s')
    expect((await tokenbus('token', 'demo', '--force')).code).toBe(0)
    await becomes('expiring')
    await tokenbus('sandbox', 'heal')
    await becomes('valid')

    await tokenbus('sandbox', 'slow', '1s')
    expect((await tokenbus('token', 'demo', '--force')).code).toBe(0)
    await tokenbus('sandbox', 'heal')

    await tokenbus('sandbox', 'expire-secret')
    await tokenbus('token', 'demo', '--force')
    await becomes('secret-expired')
    expect(await json('app', 'get', 'sandbox')).toMatchObject({ state: 'secret-expired' })
    await tokenbus('sandbox', 'new-secret')
    await becomes('valid')

    await tokenbus('sandbox', 'revoke', 'demo')
    const refused = await tokenbus('token', 'demo', '--force')
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('ask the user to reconnect') })
    await becomes('revoked')

    await tokenbus('sandbox', 'outage', '30s')
    expect(await tokenbus('sandbox', 'connect', 'demo')).toMatchObject({
      code: 3,
      output: expect.stringMatching(/^The sandbox issues no tokens .*tokenbus sandbox heal.*\n$/),
    })
    await tokenbus('sandbox', 'heal')
    await tokenbus('sandbox', 'connect', 'demo')
    await becomes('valid')
    expect(await tokenbus('replay', 'demo')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/all as recorded/),
    })
    for (const edge of [
      /valid +→ refreshing/,
      /→ expiring/,
      /→ secret-expired/,
      /→ revoked/,
      /revoked +→ valid/,
    ]) {
      expect(dev.output()).toMatch(edge)
    }
  })

  it('lets a second node join with dev.json and the keys', async () => {
    const { nats, redis } = await readDevFile(dataDir)
    const second = startTokenbus(['serve'], {
      TOKENBUS_NATS_URL: nats,
      TOKENBUS_REDIS_URL: redis,
      TOKENBUS_KEYS: `file:${join(dataDir, 'keys')}`,
      TOKENBUS_HTTP_PORT: '0',
      TOKENBUS_DATA_DIR: join(dataDir, 'second'),
    })
    await second.says('ready')
    expect(await second.stop()).toBe(0)
  })

  it('stops all its processes on Ctrl-C, and keeps its data for the next start', async () => {
    const generation = (await json('account', 'get', 'demo')).generation
    dev.signal('SIGINT')
    expect(await dev.ended).toBe(0)
    expect(processesUsing(dataDir)).toEqual([])

    dev = startTokenbus(['dev'], env())
    await dev.says('tokenbus ready')
    expect((await json('account', 'get', 'demo')).generation).toBeGreaterThanOrEqual(generation)
    expect(await tokenbus('token', 'demo', '--force')).toMatchObject({ code: 0 })
  })

  it('keeps its account when the port of its sandbox is taken at the next start', async () => {
    const { sandbox } = await readDevFile(dataDir)
    dev.signal('SIGINT')
    await dev.ended
    const other = createServer().listen(Number(new URL(sandbox).port), '127.0.0.1')
    try {
      dev = startTokenbus(['dev'], env())
      await dev.says('tokenbus ready')
      expect((await readDevFile(dataDir)).sandbox).not.toBe(sandbox)
      await eventually(
        async () => expect(await tokenbus('token', 'demo', '--force')).toMatchObject({ code: 0 }),
        {
          every: 100,
        },
      )
    } finally {
      other.close()
    }
  })

  it('leaves no server running when it is killed', async () => {
    dev.signal('SIGKILL')
    await dev.ended
    await eventually(() => expect(processesUsing(dataDir)).toEqual([]))
    dev = startTokenbus(['dev'], env())
    await dev.says('tokenbus ready')
  })

  it.each([
    ['watch', 0, ''],
    ['dev', 1, 'The output was closed (broken pipe); stopping.\n'],
  ])('%s ends in good order when the reader of its output has gone', async (command, code, said) => {
    const second = await mkdtemp(join(tmpdir(), 'tokenbus-dev-'))
    const child = spawn(process.execPath, [root('dist/src/main.js'), command], {
      env: { ...process.env, ...env(), ...(command === 'dev' && { TOKENBUS_DATA_DIR: second }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let errors = ''
    child.stderr.on('data', (text) => {
      errors += text
    })
    const ended = once(child, 'close')
    await eventually(async () => {
      await tokenbus('token', 'demo', '--force')
      expect(child.exitCode).toBe(code)
    })
    await ended
    expect(errors).toBe(said)
    expect(processesUsing(second)).toEqual([])
    await rm(second, { recursive: true, force: true })
  })
})

/** Command lines of what runs now; Debian's smallest installation has no ps. */
function processesUsing(directory: string): string[] {
  const all = existsSync('/proc/self/cmdline')
    ? fromProc()
    : execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n')
  return all.filter((line) => line.includes(directory))
}

function fromProc(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
    } catch {
      return []
    }
  })
}
