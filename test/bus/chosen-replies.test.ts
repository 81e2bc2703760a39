import { createConnection } from 'node:net'
import { fileURLToPath } from 'node:url'
import { AckPolicy, connect, DeliverPolicy, type Msg, type NatsConnection } from 'nats'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { listen } from '../../src/bus/listen.ts'
import { requestRoutes } from '../../src/bus/request-routes.ts'
import { ok } from '../../src/contract/failures.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { plainTokenbus } from './plain-tokenbus.ts'

const stream = 'TOKENBUS_EVENTS'
const token = '{"accessToken":"the token of alice"}'

let server: NatsServer
let stopListening: () => Promise<void>
const connections: NatsConnection[] = []
let consumer: NatsConnection
let operator: NatsConnection
let service: NatsConnection
let witness: NatsConnection

/** What reached the host, and what the service published. */
const done: string[] = []
const seen: Msg[] = []
const refused: string[] = []

async function as(user: string): Promise<NatsConnection> {
  const nats = await connect({
    port: server.port,
    user,
    pass: user.slice(0, 1),
    inboxPrefix: `_INBOX_${user}`,
  })
  connections.push(nats)
  return nats
}

beforeAll(async () => {
  server = await startNats({
    config: fileURLToPath(new URL('../fixtures/nats-one-account.conf', import.meta.url)),
    env: { NATS_SERVICE_PASSWORD: 's', NATS_CONSUMER_PASSWORD: 'c', NATS_OPERATOR_PASSWORD: 'o' },
  })
  service = await as('service')
  consumer = await as('consumer')
  operator = await as('operator')
  await ensureStreams({ nats: service })
  const host = (method: string) => async (id?: unknown) => {
    done.push(typeof id === 'string' ? `${method} ${id}` : method)
    return ok(new TextEncoder().encode(token)) as never
  }
  const methods = Object.keys(plainTokenbus())
  const listening = await listen({
    nats: service,
    tokenbus: plainTokenbus(Object.fromEntries(methods.map((method) => [method, host(method)]))),
    version: '1.2.3',
    onRefused: (why) => refused.push(why),
  })
  stopListening = listening.stop
  witness = await as('witness')
  witness.subscribe('>', { callback: (_, message) => void seen.push(message) })
  await witness.flush()
})
afterAll(async () => {
  await stopListening()
  await Promise.all(connections.map((nats) => nats.close()))
  await server.stop()
})
beforeEach(() => {
  for (const each of [done, seen, refused]) each.length = 0
})

/** Once this is answered, the service has processed all earlier messages. */
async function settled(): Promise<void> {
  await operator.request('app.list')
  expect(done.pop()).toBe('listApps')
}

const on = (subject: string) => seen.filter((message) => message.subject === subject)
const stored = async () => {
  const manager = await operator.jetstreamManager({ checkAPI: false })
  return (await manager.streams.info(stream)).state.messages
}

async function publishEvent(subject: string): Promise<void> {
  await service.jetstream().publish(subject, '{"an":"event"}')
}

describe('a consumer that chooses a reply subject', () => {
  it.each([
    'token.invalid.bob',
    'account.transition.bob',
    'account.delete.bob',
    'app.delete.crm',
    'api-token.revoked',
    'tokenbus.changed',
    '$JS.API.STREAM.PURGE.TOKENBUS_EVENTS',
    '$SRV.PING',
    'INBOX.x',
    '_R_',
    'other',
  ])('makes the service publish nothing to %s', async (reply) => {
    await publishEvent('token.refreshed.alice')
    const before = await stored()
    consumer.publish('token.get.alice', '', { reply })
    await eventually(() => expect(on('token.get.alice')).toHaveLength(1))
    await settled()
    expect(done).toEqual([])
    expect(on(reply)).toEqual([])
    expect(await stored()).toBe(before)
    expect(refused).toEqual(['reply_subject'])
  })

  it('has no effect without one', async () => {
    consumer.publish('token.reject.alice', '{"generation":1}')
    await eventually(() => expect(on('token.reject.alice')).toHaveLength(1))
    await settled()
    expect({ done, refused }).toEqual({ done: [], refused: ['no_reply'] })
  })

  it.each(['_R_.abc.def', '$JS.ACK.TOKENBUS_EVENTS.mine.1.1.1.1.1'])(
    'is refused by the server itself at %s',
    async (reply) => {
      consumer.publish('token.get.alice', '', { reply })
      await consumer.flush()
      await settled()
      expect({ done, refused, heard: on('token.get.alice') }).toEqual({ done: [], refused: [], heard: [] })
    },
  )

  it.each(['_INBOX.x.1', '_INBOX_consumer.x.1', '_INBOX_%3E.x'])('is answered at %s', async (reply) => {
    consumer.publish('token.get.alice', '', { reply })
    await eventually(() => expect(on(reply).map((message) => message.string())).toEqual([token]))
    expect({ done, refused }).toEqual({ done: ['getToken alice'], refused: [] })
  })
})

describe('an operator that chooses a reply subject', () => {
  const subjects = requestRoutes.map(({ subject }) => subject.replace('*', 'bob'))
  it.each([...subjects, '$SRV.PING', '$SRV.INFO.tokenbus', '$SRV.STATS'])(
    'has no effect, and nothing is published, by %s',
    async (subject) => {
      operator.publish(subject, '{}', { reply: 'token.invalid.bob' })
      await eventually(() => expect(on(subject)).toHaveLength(1))
      await settled()
      expect({ done, refused }).toEqual({ done: [], refused: ['reply_subject'] })
      expect(on('token.invalid.bob')).toEqual([])
    },
  )
})

it('a message whose headers the client library cannot parse is ignored, and later requests are served', async () => {
  const socket = createConnection({ port: server.port })
  const headers = 'NATS/1.0\r\na b: c\r\n\r\n'
  const size = `${headers.length} ${headers.length}`
  socket.write(`CONNECT {"user":"operator","pass":"o","headers":true}\r\n`)
  socket.write(`HPUB app.list _INBOX_operator.x ${size}\r\n${headers}\r\n`)
  await eventually(() => expect(on('app.list')).toHaveLength(1))
  socket.destroy()
  await settled()
  expect({ done, refused }).toEqual({ done: [], refused: ['headers'] })
})

describe('messages that JetStream delivers are no requests', () => {
  const changing = requestRoutes
    .filter(({ of }) => of !== undefined)
    .map(({ subject }) => subject.replace('*', 'bob'))

  it.each(changing)('such as the 404 of an empty pull at %s', async (target) => {
    const manager = await consumer.jetstreamManager({ checkAPI: false })
    await manager.consumers.add(stream, {
      durable_name: 'mine',
      filter_subject: 'token.refreshed.nobody',
      ack_policy: AckPolicy.Explicit,
    })
    consumer.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.mine`, '{"batch":1,"no_wait":true}', {
      reply: target,
    })
    await eventually(() => expect(on(target)[0]?.headers?.code).toBe(404))
    await settled()
    expect({ done, refused }).toEqual({ done: [], refused: ['status'] })
  })

  it.each([
    // The event's subject is longer or shorter than the request's: what stands at the place of the id is another id.
    ['account.delete.bob', 'token.invalid.xbob'],
    ['api-token.revoke.bob', 'token.refreshed.xbob'],
    ['account.history.bob', 'token.refreshed.bob'],
    ['account.get.bob', 'account.removed.bob'],
    ['token.get.bob', 'token.invalid.bob'],
    ['account.delete.bob', 'account.removed.bob'],
  ])('such as an event pushed without its body to %s, here %s', async (target, event) => {
    const manager = await consumer.jetstreamManager({ checkAPI: false })
    await publishEvent(event)
    // nats-server pushes once there is a subscription to the exact subject.
    const delivered = witness.subscribe(target, { max: 1 })
    await witness.flush()
    await manager.consumers.add(stream, {
      deliver_subject: target,
      deliver_policy: DeliverPolicy.Last,
      filter_subject: event,
      ack_policy: AckPolicy.Explicit,
      max_deliver: 1,
      headers_only: true,
    })
    for await (const { reply } of delivered) expect(reply).toMatch(/^\$JS\.ACK\./)
    await settled()
    expect({ done, refused }).toEqual({ done: [], refused: ['reply_subject'] })
    // An answer would have been an acknowledgement.
    expect(seen.filter(({ subject }) => subject.startsWith('$JS.ACK'))).toEqual([])
  })

  it.each(['account.delete.bob', 'app.verify.bob'])('such as an API reply at %s', async (target) => {
    consumer.publish(`$JS.API.STREAM.INFO.${stream}`, '', { reply: target })
    await eventually(() => expect(on(target)).toHaveLength(1))
    await settled()
    expect({ done, refused }).toEqual({ done: [], refused: ['no_reply'] })
  })
})
