import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AckPolicy, type JetStreamManager, type NatsConnection } from 'nats'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { consumerAccount } from '../../src/cli/consumer-account.ts'
import { filtersOf } from '../../src/events/durable.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { connectAs, env, variants } from '../support/shipped-nats.ts'
import { runTokenbus } from './run-command.ts'

const stream = 'TOKENBUS_EVENTS'
const [{ config }] = variants
let server: NatsServer
let storeDir: string
let conf: string
let service: NatsConnection
let manager: JetStreamManager
const open: NatsConnection[] = []

async function as(user: string): Promise<NatsConnection> {
  const nats = await connectAs(user, server)
  open.push(nats)
  return nats
}

const consumer = (...args: string[]) =>
  runTokenbus(['consumer', ...args], {
    env: { TOKENBUS_NATS_URL: `nats://operator:p@127.0.0.1:${server.port}` },
  })

/** As an operator does it: the block into accounts {}, its password beside, and SIGHUP. Signs in as its user. */
async function takeOver(block: string): Promise<NatsConnection> {
  const [variable] = /NATS_\w+_PASSWORD/.exec(block) as RegExpExecArray
  const changed = conf.replace(/^accounts \{$/m, () => `accounts {\n${block}`)
  await writeFile(join(storeDir, 'shipped.conf'), `${variable}: "p"\n${changed}`)
  await server.reload()
  // nats-server 2.9 knows a new account's JetStream imports only once it has read them again.
  await server.reload()
  const [, user] = /user: "([^"]+)"/.exec(block) as RegExpExecArray
  return as(user as string)
}

async function publish(...subjects: string[]): Promise<void> {
  for (const subject of subjects) await service.jetstream().publish(subject, JSON.stringify({ subject }))
}

/** Reads and acknowledges its events, from its own NATS account. */
async function read(nats: NatsConnection, name: string, max = 10): Promise<string[]> {
  const { consumers } = nats.jetstream({ apiPrefix: 'tokenbus.js' })
  const bound = await consumers.get(stream, name)
  const messages = await bound.fetch({ max_messages: max, expires: 1_000 })
  const subjects: string[] = []
  for await (const message of messages) {
    subjects.push(message.subject)
    expect(await message.ackAck()).toBe(true)
    if (message.info.pending === 0 || subjects.length === max) break
  }
  return subjects
}

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'tokenbus-nats-'))
  conf = await readFile(config, 'utf8')
  await writeFile(join(storeDir, 'shipped.conf'), conf)
  server = await startNats({ storeDir, configText: 'include ./shipped.conf', env })
  service = await as('service')
  await ensureStreams({ nats: service })
  manager = await (await as('operator')).jetstreamManager()
})
afterAll(async () => {
  await Promise.all(open.map((nats) => nats.close()))
  await server.stop()
  await rm(storeDir, { recursive: true, force: true })
})
beforeEach(() => manager.streams.purge(stream))
afterEach(async () => {
  for await (const { name } of manager.consumers.list(stream)) await manager.consumers.delete(stream, name)
})

describe('create', () => {
  it('creates a durable and prints a NATS account, with which nats.js reads and acknowledges its events', async () => {
    const { code, out, err } = await consumer('create', 'crm')
    expect(code).toBe(0)
    expect(err).toMatch(/^crm: created; filter: all events; acknowledged up to \d+, 0 pending$/)
    const crm = await takeOver(out)
    await publish('token.refreshed.alice', 'token.invalid.bob', 'app.secret-expired.a')
    expect(await read(crm, 'crm')).toEqual([
      'token.refreshed.alice',
      'token.invalid.bob',
      'app.secret-expired.a',
    ])
    expect((await manager.consumers.info(stream, 'crm')).num_ack_pending).toBe(0)
  })

  it('lets that account request tokens and subscribe to events', async () => {
    const crm = await takeOver((await consumer('create', 'crm')).out)
    service.subscribe('token.get.*', {
      callback: (_, message) => void message.respond(message.headers?.get('Nats-Request-Info') ?? ''),
    })
    await service.flush()
    expect((await crm.request('token.get.alice')).json()).toMatchObject({ acc: 'CRM', user: 'crm' })
    const heard = new Promise((resolve) => {
      crm.subscribe('token.invalid.*', { callback: (_, message) => resolve(message.subject) })
    })
    await crm.flush()
    await publish('token.invalid.alice')
    expect(await heard).toBe('token.invalid.alice')
  })

  it('a block for some accounts permits their events and tokens only', async () => {
    const filter_subject = 'token.refreshed.alice@example%2Ecom'
    const durable_name = 'alice-app'
    await manager.consumers.add(stream, { durable_name, ack_policy: AckPolicy.Explicit, filter_subject })
    const block = consumerAccount({ name: durable_name, accounts: ['alice@example.com'] })
    const app = await takeOver(block.join('\n'))
    await publish('token.invalid.bob', 'token.refreshed.bob', filter_subject)
    expect(await read(app, durable_name)).toEqual([filter_subject])
    for (const subject of ['token.get.bob', 'token.reject.alice', 'token.get.*'])
      await expect(app.request(subject, '', { timeout: 500 })).rejects.toMatchObject({
        code: 'PERMISSIONS_VIOLATION',
      })
  })

  it('--accounts is refused if nats-server supports one filter per consumer', async () => {
    const { code, out, err } = await consumer('create', 'alice-app', '--accounts', 'alice')
    const { version } = service.info as { version: string }
    if (version.startsWith('2.9.')) {
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(/^bad_request: accounts: nats-server 2\.9\.\d+ .* use 2\.10/)
    } else {
      expect(code).toBe(0)
    }
  })

  it('changes nothing when repeated', async () => {
    await consumer('create', 'crm')
    const { config } = await manager.consumers.info(stream, 'crm')
    const { code, err } = await consumer('create', 'crm')
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^crm: exists already/) })
    expect((await manager.consumers.info(stream, 'crm')).config).toEqual(config)
  })

  it.each([
    [
      'a push consumer',
      { deliver_subject: 'token.reject.alice' },
      /it is a push consumer \(deliver_subject\)/,
    ],
    ['other acks', { ack_policy: AckPolicy.All }, /its acks are "all"/],
  ])('refuses an existing consumer with %s', async (_, difference, sentence) => {
    const made = { durable_name: 'crm', ack_policy: AckPolicy.Explicit, ...difference }
    await manager.consumers.add(stream, made)
    for (const verb of ['create', 'adopt']) {
      const { code, out, err } = await consumer(verb, 'crm')
      expect({ code, out }).toEqual({ code: 1, out: '' })
      expect(err).toMatch(sentence)
    }
  })

  it.each([[['create', 'no.dots']], [['create', 'tokenbus']], [['create', 'crm', '--accounts', '']]])(
    'wrong usage is exit code 2: %j',
    async (args) => {
      expect((await consumer(...args)).code).toBe(2)
    },
  )

  it('needs the permissions of an operator', async () => {
    const { code, err } = await runTokenbus(['consumer', 'create', 'crm'], {
      env: { TOKENBUS_NATS_URL: `nats://consumer:p@127.0.0.1:${server.port}` },
    })
    expect(code).toBe(3)
    expect(err).toMatch(/lacks the permission to publish \$JS\.API\.CONSUMER\.INFO\.TOKENBUS_EVENTS\.crm/)
  })
})

describe('adopt', () => {
  it('a durable keeps its position, read from its own NATS account', async () => {
    await manager.consumers.add(stream, { durable_name: 'old', ack_policy: AckPolicy.Explicit })
    await publish('token.refreshed.a', 'token.refreshed.b', 'token.refreshed.c')
    const before = await (await as('operator')).jetstream().consumers.get(stream, 'old')
    const first = await before.next()
    expect(await first?.ackAck()).toBe(true)
    const { code, out, err } = await consumer('adopt', 'old')
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/, 2 pending$/) })
    expect(await read(await takeOver(out), 'old')).toEqual(['token.refreshed.b', 'token.refreshed.c'])
  })

  it('a durable with a wider filter than --accounts is refused', async () => {
    await manager.consumers.add(stream, { durable_name: 'old', ack_policy: AckPolicy.Explicit })
    expect(await consumer('adopt', 'old', '--accounts', 'alice')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/its filter is all events/),
    })
  })

  it('a missing durable is not_found', async () => {
    expect(await consumer('adopt', 'crm')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no durable consumer crm/),
    })
  })
})

describe('filters for some accounts', () => {
  it('on nats-server 2.10 or newer are all account event types, and none of apps', () => {
    const filters = [
      'token.refreshed',
      'token.invalid',
      'account.grant-expiring',
      'account.removed',
      'account.user-changed',
    ]
    expect(filtersOf(['a', 'b'], '2.10.0')).toEqual({
      ok: true,
      value: { filter_subjects: ['a', 'b'].flatMap((id) => filters.map((type) => `${type}.${id}`)) },
    })
  })

  it('on older servers are refused', () => {
    expect(filtersOf(['a'], '2.9.25')).toMatchObject({ ok: false, failure: { error: 'bad_request' } })
  })
})
