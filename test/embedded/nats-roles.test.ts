import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureStreams } from '../../src/bus/streams.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

const passwords = { service: 's', consumer: 'c', operator: 'o' }
type Role = keyof typeof passwords

let server: NatsServer
const open: NatsConnection[] = []

async function as(user: Role): Promise<NatsConnection> {
  const nats = await connect({
    port: server.port,
    user,
    pass: passwords[user],
    inboxPrefix: `_INBOX_${user}`,
  })
  open.push(nats)
  return nats
}

beforeAll(async () => {
  server = await startNats({
    config: fileURLToPath(new URL('../../nats.conf', import.meta.url)),
    env: { NATS_SERVICE_PASSWORD: 's', NATS_CONSUMER_PASSWORD: 'c', NATS_OPERATOR_PASSWORD: 'o' },
  })
  await ensureStreams({ nats: await as('service') })
})
afterAll(async () => {
  await Promise.all(open.map((nats) => nats.close()))
  await server.stop()
})

/** Does the server let this user do that? It says no before it answers the next ping. */
async function allowed(role: Role, verb: 'publish' | 'subscribe', subject: string): Promise<boolean> {
  const nats = await as(role)
  const refusals: unknown[] = []
  void (async () => {
    for await (const { type, data } of nats.status()) {
      if (type === 'error' && String(data).includes('PERMISSIONS')) refusals.push(data)
    }
  })()
  if (verb === 'publish') nats.publish(subject)
  else nats.subscribe(subject, { callback: (error) => void (error && refusals.push(error)) })
  await nats.flush()
  await nats.flush()
  return refusals.length === 0
}

const table: [Role, 'publish' | 'subscribe', boolean, string[]][] = [
  [
    'service',
    'subscribe',
    true,
    [
      'token.get.*',
      'account.put.*',
      'app.secret.add.*',
      'api-token.create',
      'api-token.revoked',
      '$SRV.PING',
      '_INBOX_service.x',
    ],
  ],
  [
    'service',
    'publish',
    true,
    ['token.refreshed.alice', 'token.invalid.alice', 'account.transition.alice', 'api-token.revoked'],
  ],
  ['service', 'subscribe', false, ['>', '_INBOX.>', '_INBOX_consumer.>', 'token.>']],
  [
    'service',
    'publish',
    false,
    [
      'token.get.alice',
      'account.put.alice',
      '_INBOX_consumer.x',
      '$JS.API.STREAM.CREATE.OTHER',
      '$JS.API.STREAM.DELETE.TOKENBUS_EVENTS',
    ],
  ],
  [
    'consumer',
    'publish',
    true,
    ['token.get.alice', 'token.reject.alice', '$JS.API.CONSUMER.DURABLE.CREATE.TOKENBUS_EVENTS.mine'],
  ],
  ['consumer', 'subscribe', true, ['token.refreshed.*', 'token.invalid.alice', '_INBOX_consumer.x']],
  [
    'consumer',
    'publish',
    false,
    [
      'account.get.alice',
      'account.put.alice',
      'app.list',
      'api-token.create',
      'api-token.list',
      'api-token.revoke.x',
      'api-token.revoked',
      'token.refreshed.alice',
      'token.invalid.alice',
      '$JS.API.STREAM.CREATE.MINE',
    ],
  ],
  [
    'consumer',
    'subscribe',
    false,
    [
      '>',
      'token.>',
      'token.get.*',
      'account.put.*',
      'account.transition.*',
      '_INBOX.>',
      '_INBOX_service.>',
      '_INBOX_operator.>',
    ],
  ],
  [
    'operator',
    'publish',
    true,
    [
      'account.put.alice',
      'account.list',
      'app.put.app',
      'api-token.create',
      'api-token.revoke.x',
      '$JS.API.STREAM.CREATE.AUDIT',
      'token.get.alice',
    ],
  ],
  ['operator', 'subscribe', true, ['account.transition.*', 'token.invalid.*', '_INBOX_operator.x']],
  ['operator', 'publish', false, ['token.refreshed.alice', 'account.transition.alice', 'api-token.revoked']],
  ['operator', 'subscribe', false, ['>', 'token.get.*', 'account.put.*', '_INBOX_consumer.>', '_INBOX.>']],
]

describe.each(table)('%s may %s: %s', (role, verb, expected, subjects) => {
  it.each(subjects)('%s', async (subject) => expect(await allowed(role, verb, subject)).toBe(expected))
})

it('the service answers a request although it may not publish to inboxes', async () => {
  const service = await as('service')
  const consumer = await as('consumer')
  service.subscribe('token.get.*', { callback: (_, message) => void message.respond('a token') })
  await service.flush()
  expect((await consumer.request('token.get.alice')).string()).toBe('a token')
})
