import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { connect } from 'nats'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StartError } from '../../src/common/start-error.ts'
import { startEmbeddedNats } from '../../src/embedded/nats.ts'
import { startEmbeddedRedis } from '../../src/embedded/redis.ts'
import { eventually } from '../support/eventually.ts'

const starts = { nats: startEmbeddedNats, redis: startEmbeddedRedis }
const names = ['nats', 'redis'] as const
type Name = (typeof names)[number]

let dataDir: string
const stops: (() => Promise<void>)[] = []

async function start<N extends Name>(name: N, onExit: (sentence: string) => void = () => undefined) {
  const server = (await starts[name]({ dataDir, port: 0, onExit })) as Awaited<ReturnType<(typeof starts)[N]>>
  stops.push(server.stop)
  return server
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-embedded-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await Promise.all(stops.splice(0).map((stop) => stop()))
  await rm(dataDir, { recursive: true, force: true })
})

async function pidOf(name: Name): Promise<number> {
  const [, server] = (await readFile(join(dataDir, `${name}.pid`), 'utf8')).split(' ')
  // The file is there a moment before its text.
  if (server === undefined) throw new Error(`${name}.pid is empty`)
  return Number(server)
}

async function withRedis<T>(url: string, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url)
  redis.on('error', () => undefined)
  try {
    return await ask(redis)
  } finally {
    redis.disconnect()
  }
}

it('Redis syncs each write, evicts nothing, listens on loopback, and requires its password', async () => {
  const { url } = await start('redis')
  const settings = await withRedis(url, (redis) =>
    redis.config('GET', 'append*', 'maxmemory-policy', 'bind', 'save'),
  )
  expect(settings).toEqual(
    expect.arrayContaining(['appendonly', 'yes', 'appendfsync', 'always', 'noeviction', '127.0.0.1']),
  )
  const { port } = new URL(url)
  await withRedis(`redis://127.0.0.1:${port}`, (redis) => expect(redis.get('x')).rejects.toThrow('NOAUTH'))
})

it('NATS has JetStream, the service’s role, and an unrestricted user', async () => {
  const { url, serviceUrl } = await start('nats')
  for (const [from, pattern, refused] of [
    [url, '>', false],
    [serviceUrl, '>', true],
    [serviceUrl, 'token.get.*', false],
  ] as const) {
    const { username: user, password: pass, host } = new URL(from)
    const nats = await connect({ servers: host, user, pass })
    const errors: unknown[] = []
    nats.subscribe(pattern, { callback: (error) => void (error && errors.push(error)) })
    await nats.flush()
    expect(errors.length > 0).toBe(refused)
    if (user === 'dev') expect((await nats.jetstreamManager()).streams).toBeDefined()
    await nats.close()
  }
})

it('NATS keeps the streams of a version without accounts', async () => {
  const publishOne = async (url: string) => {
    const { username: user, password: pass, host } = new URL(url)
    const nats = await connect({ servers: host, user, pass })
    const { streams } = await nats.jetstreamManager()
    await streams.add({ name: 'KEPT', subjects: ['kept'] })
    await nats.jetstream().publish('kept')
    const { messages } = (await streams.info('KEPT')).state
    await nats.close()
    return messages
  }
  const first = await start('nats')
  expect(await publishOne(first.url)).toBe(1)
  await first.stop()
  await rename(join(dataDir, 'nats/jetstream/TOKENBUS'), join(dataDir, 'nats/jetstream/$G'))
  expect(await publishOne((await start('nats')).url)).toBe(2)
})

it('passwords are readable by the owner only', async () => {
  await Promise.all(names.map((name) => start(name)))
  for (const file of ['nats/passwords.json', 'nats/dev.conf', 'redis/password', 'redis/redis.conf']) {
    expect((await stat(join(dataDir, file))).mode & 0o077).toBe(0)
  }
})

it('Redis keeps its data and password across a restart', async () => {
  const first = await start('redis')
  await withRedis(first.url, (redis) => redis.set('kept', 'yes'))
  await first.stop()
  const { password } = new URL(first.url)
  const second = await start('redis')
  expect(new URL(second.url).password).toBe(password)
  expect(await withRedis(second.url, (redis) => redis.get('kept'))).toBe('yes')
})

describe.each(names)('%s', (name) => {
  it('uses another port if the usual one is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as { port: number }
    const server = await starts[name]({ dataDir, port, onExit: () => undefined })
    stops.push(server.stop)
    expect(new URL(server.url).port).not.toBe(String(port))
    blocker.close()
  })

  it('has exited once stopped, without calling onExit', async () => {
    const onExit = vi.fn()
    const { stop } = await start(name, onExit)
    const server = await pidOf(name)
    await stop()
    expect(() => process.kill(server, 0)).toThrow('ESRCH')
    expect(onExit).not.toHaveBeenCalled()
    await expect(stat(join(dataDir, `${name}.pid`))).rejects.toThrow('ENOENT')
  })

  it('calls onExit if it exits unexpectedly', async () => {
    const told = new Promise<string>((resolve) => void start(name, resolve))
    const server = await eventually(() => pidOf(name))
    await eventually(() => expect(stops).toHaveLength(1))
    process.kill(server, 'SIGKILL')
    expect(await told).toMatch(
      new RegExp(`^${name}-server exited unexpectedly \\(code 137\\); see .*${name}\\.log`),
    )
  })

  it('is not started twice in the same directory', async () => {
    await start(name)
    const server = await pidOf(name)
    await expect(start(name)).rejects.toThrow(/already runs for .* stop that one, or set TOKENBUS_DATA_DIR/)
    expect(await pidOf(name)).toBe(server)
  })

  it('orphaned by its owner is ended before another one starts', async () => {
    const leftOver = await leaveRunning(name, { log: join(dataDir, `${name}.log`) })
    const ended = once(leftOver, 'exit')
    await start(name)
    expect(await ended).toEqual([null, 'SIGTERM'])
  })

  it('is not mistaken for a process that reuses its id', async () => {
    const other = await leaveRunning(name, { log: join(dataDir, 'other.log') })
    await start(name)
    expect(other.exitCode ?? other.signalCode).toBeNull()
    other.kill()
  })

  it.each([
    ['/nowhere/server', /cannot be run; install it, or correct \w+_SERVER/],
    ['false', /does not start \(code 1\); see .*\.log/],
  ])('if %s, is a StartError of one sentence', async (program, sentence) => {
    vi.stubEnv(`${name.toUpperCase()}_SERVER`, program)
    const onExit = vi.fn()
    const error = await start(name, onExit).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StartError)
    expect((error as Error).message).toMatch(sentence)
    expect((error as Error).message).not.toContain('\n')
    expect(onExit).not.toHaveBeenCalled()
  })
})

/** Something that writes where a server of this data directory does, or did: `owner server` is in its pid file. */
async function leaveRunning(name: Name, { log }: { log: string }): Promise<ChildProcess> {
  const owner = spawn('true')
  await once(owner, 'exit')
  await using file = await open(log, 'a')
  const server = spawn('sleep', ['60'], { stdio: ['ignore', file.fd, file.fd] })
  await writeFile(join(dataDir, `${name}.pid`), `${owner.pid} ${server.pid}\n`)
  return server
}
