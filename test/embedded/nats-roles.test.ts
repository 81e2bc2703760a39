import { Events, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requestRoutes } from '../../src/bus/request-routes.ts'
import { apiTokenRevoked, changedSubject } from '../../src/bus/subjects.ts'
import { eventSchemas } from '../../src/contract/events.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { connectAs, env, type Role, roles, variants } from '../support/shipped-nats.ts'

type Verb = 'publish' | 'subscribe'
interface User {
  readonly nats: NatsConnection
  readonly refused: Set<string>
}

async function signIn(role: Role, server: NatsServer): Promise<User> {
  const nats = await connectAs(role, server)
  const refused = new Set<string>()
  void (async () => {
    for await (const { type, permissionContext: denied } of nats.status()) {
      if (type === Events.Error && denied) refused.add(`${denied.operation} ${denied.subject}`)
    }
  })()
  return { nats, refused }
}

/** True if the server permits it; a denial arrives before the reply to the next ping. */
async function allowed({ nats, refused }: User, verb: Verb, subject: string): Promise<boolean> {
  if (verb === 'publish') nats.publish(subject)
  else nats.subscribe(subject, { callback: () => undefined }).unsubscribe()
  await nats.flush()
  await nats.flush()
  return !refused.has(`${verb === 'publish' ? 'publish' : 'subscription'} ${subject}`)
}

const asked = requestRoutes.map(({ subject }) => subject)
const tokensAsked = ['token.get.*', 'token.reject.*']
const told = Object.keys(eventSchemas).map((type) => `${type}.*`)
const tokensTold = [
  'token.refreshed.*',
  'token.invalid.*',
  'account.grant-expiring.*',
  'account.removed.*',
  'account.user-changed.*',
]
const amongNodes = [apiTokenRevoked, changedSubject]
const inboxOf = (name: string) => `_INBOX_${name}.x`
const ofConsumers = ['CREATE', 'DURABLE.CREATE', 'INFO', 'MSG.NEXT', 'DELETE', 'LIST', 'NAMES']
const ofStreams = [
  'CREATE',
  'UPDATE',
  'INFO',
  'MSG.GET',
  'PURGE',
  'MSG.DELETE',
  'DELETE',
  'SNAPSHOT',
  'RESTORE',
]
const consumerCalls = (stream: string, durable: string, prefix: string = '$JS.API') => [
  ...ofConsumers.map((verb) => `${prefix}.CONSUMER.${verb}.${stream}.${durable}`),
  `$JS.ACK.${stream}.${durable}.1.1.1.1.1`,
]
const jetStream = (stream: string) => [
  ...ofStreams.map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
  `$JS.API.CONSUMER.CREATE.${stream}`,
  ...consumerCalls(stream, 'consumer'),
  ...consumerCalls(stream, 'other'),
]
const calls = ['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY', 'OTHER'].flatMap(jetStream).concat('$JS.API.INFO')
const acrossAccounts = ['consumer', 'other'].flatMap((durable) =>
  consumerCalls('TOKENBUS_EVENTS', durable, 'tokenbus.js').filter((subject) => !subject.startsWith('$JS')),
)

/** All there is to publish and to subscribe to. */
const everything: Record<Verb, string[]> = {
  publish: [...asked, ...told, ...amongNodes, ...calls, ...acrossAccounts, '$SRV.INFO.tokenbus', 'other']
    .map((subject) => subject.replace('*', 'alice'))
    .concat(roles.map(inboxOf), inboxOf('other'), '_INBOX.x'),
  subscribe: [...asked, ...told, ...amongNodes, '$SRV.>', '$JS.>', '$SYS.>', 'other']
    .concat(['>', '*', 'token.>', 'account.>', 'app.>', 'tokenbus.>', '*.*.*', '_INBOX.>', '_INBOX_*.>'])
    .concat(roles.map((role) => `_INBOX_${role}.>`)),
}

const consumerHears = [...tokensTold, '_INBOX_consumer.>']
const readsDurable = (durable: string, prefix: string) => [
  `${prefix}.CONSUMER.INFO.TOKENBUS_EVENTS.${durable}`,
  `${prefix}.CONSUMER.MSG.NEXT.TOKENBUS_EVENTS.${durable}`,
  `$JS.ACK.TOKENBUS_EVENTS.${durable}.1.1.1.1.1`,
]

/** What of it each role is for. All else is refused. */
const may: Record<Exclude<Role, 'consumer'>, Record<Verb, string[]>> = {
  service: {
    publish: [
      ...told,
      ...amongNodes,
      ...['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY'].flatMap((stream) =>
        ['CREATE', 'UPDATE', 'INFO', 'MSG.GET'].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
      ),
      '$JS.API.CONSUMER.CREATE.TOKENBUS_HISTORY',
      ...['CREATE', 'MSG.NEXT', 'DELETE'].flatMap((verb) =>
        ['consumer', 'other'].map((name) => `$JS.API.CONSUMER.${verb}.TOKENBUS_HISTORY.${name}`),
      ),
    ],
    subscribe: [...asked, ...told, ...amongNodes, '$SRV.>', '_INBOX_service.>'],
  },
  operator: {
    publish: [...asked, ...calls, '$SRV.INFO.tokenbus'],
    subscribe: [...told, '_INBOX_operator.>'],
  },
}
/** The consumer's own durable from its own NATS account; any in the service's account. */
const consumerMay: Record<(typeof variants)[number]['name'], Record<Verb, string[]>> = {
  'nats.conf': {
    publish: [...tokensAsked, ...readsDurable('consumer', 'tokenbus.js')],
    subscribe: consumerHears,
  },
  'single-account.conf': {
    publish: [...tokensAsked, ...readsDurable('consumer', '$JS.API'), ...readsDurable('other', '$JS.API')],
    subscribe: consumerHears,
  },
}

describe.each(variants)('$name', ({ name, config }) => {
  let server: NatsServer
  const users = {} as Record<Role, User>

  beforeAll(async () => {
    server = await startNats({ config, env })
    for (const role of roles) users[role] = await signIn(role, server)
    await ensureStreams({ nats: users.service.nats })
  })
  afterAll(async () => {
    await Promise.all(Object.values(users).map(({ nats }) => nats.close()))
    await server.stop()
  })

  describe.each(roles.flatMap((role) => [[role, 'publish'] as const, [role, 'subscribe'] as const]))(
    '%s, to %s',
    (role, verb) => {
      const granted = new Set(
        (role === 'consumer' ? consumerMay[name] : may[role])[verb].map((each) =>
          verb === 'publish' ? each.replace('*', 'alice') : each,
        ),
      )
      it.each(
        everything[verb].map((subject) => [granted.has(subject) ? 'allowed' : 'refused', subject] as const),
      )('%s: %s', async (outcome, subject) =>
        expect((await allowed(users[role], verb, subject)) ? 'allowed' : 'refused').toBe(outcome),
      )
      it('has no permission that is not tested here', () => {
        expect([...granted].filter((subject) => !everything[verb].includes(subject))).toEqual([])
      })
    },
  )

  it('the service can reply although it may not publish to inboxes', async () => {
    users.service.nats.subscribe('token.get.*', { callback: (_, message) => void message.respond('a token') })
    await users.service.nats.flush()
    expect((await users.consumer.nats.request('token.get.alice')).string()).toBe('a token')
  })
})
