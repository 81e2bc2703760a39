import { connect, type NatsConnection, nanos } from 'nats'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { streamSubjects } from '../../src/bus/subjects.ts'
import { StartError } from '../../src/common/start-error.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

const permissions = (streams: string[]) =>
  streams.flatMap((name) => [`"$JS.API.STREAM.CREATE.${name}"`, `"$JS.API.STREAM.INFO.${name}"`]).join(', ')
const user = (name: string, publish: string) =>
  `{ user: ${name}, password: p, permissions: { publish: [${publish}], subscribe: "_INBOX.>" } }`
const both = ['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY']
const configText = `
jetstream { max_file_store: 20GB }
authorization { users = [
  { user: operator, password: p }
  ${user('exact', permissions(both))}
  ${user('newer', `${permissions(both)}, "$JS.API.STREAM.UPDATE.TOKENBUS_EVENTS"`)}
  ${user('reader', '"$JS.API.STREAM.INFO.TOKENBUS_EVENTS"')}
] }`

let server: NatsServer
let operator: NatsConnection

const as = (name: string) => connect({ servers: server.url, user: name, pass: 'p' })

async function refusal(nats: NatsConnection): Promise<string> {
  const error = await ensureStreams({ nats }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(StartError)
  return (error as StartError).message
}

beforeAll(async () => {
  server = await startNats({ configText })
  operator = await as('operator')
})
beforeEach(async () => {
  const { streams } = await operator.jetstreamManager()
  for (const name of both) await streams.delete(name).catch(() => {})
})
afterAll(async () => {
  await operator.close()
  await server.stop()
})

async function configs() {
  const { streams } = await operator.jetstreamManager()
  const infos = await Promise.all(both.map((name) => streams.info(name)))
  return infos.map(({ config }) => config)
}

const day = 24 * 60 * 60 * 1000

describe('ensureStreams', () => {
  it('creates both with exact subjects and the default limits', async () => {
    await ensureStreams({ nats: operator })
    const common = {
      storage: 'file',
      discard: 'old',
      retention: 'limits',
      num_replicas: 1,
      max_msgs_per_subject: 200,
      max_age: nanos(30 * day),
      duplicate_window: nanos(600_000),
    }
    expect(await configs()).toMatchObject([
      {
        ...common,
        max_bytes: 1024 ** 3,
        subjects: [
          'token.refreshed.*',
          'token.invalid.*',
          'account.grant-expiring.*',
          'account.removed.*',
          'account.user-changed.*',
          'app.secret-expiring.*',
          'app.secret-expired.*',
          'app.secret-restored.*',
          'app.refused.*',
        ],
      },
      { ...common, max_bytes: 4 * 1024 ** 3, subjects: ['account.transition.*'] },
    ])
  })

  it('keeps an operator’s limits on existing streams', async () => {
    const { streams } = await operator.jetstreamManager()
    await streams.add({
      name: 'TOKENBUS_HISTORY',
      subjects: ['account.transition.>'],
      max_msgs: 7,
      duplicate_window: nanos(day),
    })
    await ensureStreams({ nats: operator })
    expect((await configs())[1]).toMatchObject({ max_msgs: 7, subjects: ['account.transition.>'] })
  })

  it('adds missing subjects to a stream of an older version, and changes nothing else', async () => {
    const { streams } = await operator.jetstreamManager()
    const lacked = ['account.grant-expiring.*', 'account.user-changed.*']
    const subjects = streamSubjects('TOKENBUS_EVENTS').filter((each) => !lacked.includes(each))
    await streams.add({ name: 'TOKENBUS_EVENTS', subjects, max_msgs: 7, duplicate_window: nanos(day) })
    const nodes = await Promise.all([1, 2].map(() => as('newer')))
    await Promise.all(nodes.map((nats) => ensureStreams({ nats })))
    const [events] = await configs()
    expect(events).toMatchObject({ max_msgs: 7, duplicate_window: nanos(day) })
    expect(events?.subjects).toEqual([...subjects, ...lacked])
    await Promise.all(nodes.map((nats) => nats.close()))
  })

  it('may run on many nodes at once', async () => {
    const nodes = await Promise.all([1, 2, 3].map(() => as('exact')))
    await Promise.all(nodes.map((nats) => ensureStreams({ nats })))
    expect(await configs()).toHaveLength(2)
    await Promise.all(nodes.map((nats) => nats.close()))
  })

  it('uses a stream that another node created meanwhile', async () => {
    const { streams } = await operator.jetstreamManager()
    await streams.add({
      name: 'TOKENBUS_EVENTS',
      subjects: streamSubjects('TOKENBUS_EVENTS'),
      max_msgs: 7,
      duplicate_window: nanos(day),
    })
    let looked = false
    const info = (name: string) => {
      const sought = looked ? name : 'NOT_YET'
      looked = true
      return streams.info(sought)
    }
    const jetstreamManager = async () => ({ streams: { info, add: streams.add.bind(streams) } })
    await ensureStreams({ nats: { jetstreamManager, info: operator.info } as unknown as NatsConnection })
    expect((await configs())[0]).toMatchObject({ max_msgs: 7 })
  })

  it('needs no permissions beyond looking up and creating these two streams', async () => {
    const nats = await as('exact')
    await ensureStreams({ nats })
    await ensureStreams({ nats })
    await nats.close()
  })
})

describe('ensureStreams rejects with one sentence', () => {
  it.each([
    [
      'captures requests',
      { subjects: ['token.>', 'account.removed.*', 'app.*.*'] },
      /its subjects capture the request token\.get\.\*\.$/,
    ],
    [
      'has a short duplicate window',
      { duplicate_window: nanos(60_000) },
      /its duplicate window must be at least 10 minutes\.$/,
    ],
    ['does not acknowledge', { no_ack: true }, /no_ack/],
    ['deletes messages once read', { retention: 'workqueue' as never }, /its retention must be "limits"\.$/],
  ])('a stream that %s', async (_what, config, message) => {
    const { streams } = await operator.jetstreamManager()
    const subjects = streamSubjects('TOKENBUS_EVENTS')
    await streams.add({ name: 'TOKENBUS_EVENTS', subjects, duplicate_window: nanos(600_000), ...config })
    expect(await refusal(operator)).toMatch(message)
  })

  it('a server without JetStream', async () => {
    await using plain = await startNats()
    const nats = await connect({ servers: plain.url })
    expect(await refusal(nats)).toBe(
      'Cannot look up the stream TOKENBUS_EVENTS: the NATS server runs without JetStream; start it with -js or a jetstream block in its configuration.',
    )
    await nats.close()
  })

  it('an account without JetStream', async () => {
    await using server = await startNats({
      configText: 'jetstream {}\naccounts { A: { users: [{ user: a, password: p }] } }',
    })
    const nats = await connect({ servers: server.url, user: 'a', pass: 'p' })
    expect(await refusal(nats)).toMatch(/^Cannot look up the stream TOKENBUS_EVENTS: .*without JetStream/)
    await nats.close()
  })

  it('a user who may not create', async () => {
    const nats = await as('reader')
    expect(await refusal(nats)).toBe(
      'Cannot create the stream TOKENBUS_EVENTS: the NATS user lacks the permission to publish to $JS.API.STREAM.CREATE.TOKENBUS_EVENTS.',
    )
    await nats.close()
  })

  it('a user who may not add the missing subject', async () => {
    const { streams } = await operator.jetstreamManager()
    const subjects = streamSubjects('TOKENBUS_EVENTS').filter((each) => !each.startsWith('account.grant'))
    await streams.add({ name: 'TOKENBUS_EVENTS', subjects, duplicate_window: nanos(600_000) })
    const nats = await as('exact')
    expect(await refusal(nats)).toBe(
      'Cannot add account.grant-expiring.* to the stream TOKENBUS_EVENTS: the NATS user lacks the permission to publish to $JS.API.STREAM.UPDATE.TOKENBUS_EVENTS.',
    )
    await nats.close()
  })

  it('a JetStream with too little space', async () => {
    await using small = await startNats({ configText: 'jetstream { max_file_store: 100MB }' })
    const nats = await connect({ servers: small.url })
    expect(await refusal(nats)).toMatch(
      /^Cannot create the stream TOKENBUS_EVENTS: NATS says "insufficient storage resources available"\.$/,
    )
    await nats.close()
  })

  it('more replicas than there are servers', async () => {
    const error = ensureStreams({ nats: operator, replicas: 3 })
    await expect(error).rejects.toThrow(/^Cannot create the stream TOKENBUS_EVENTS: NATS says ".*"\.$/)
  })
})
