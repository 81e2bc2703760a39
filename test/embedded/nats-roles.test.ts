import { fileURLToPath } from 'node:url'
import { connect, Events, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventSchemas } from '../../src/bus/events.ts'
import { ensureStreams } from '../../src/bus/streams.ts'
import { apiTokenRevoked, changedSubject, requests } from '../../src/bus/subjects.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

const passwords = { service: 's', consumer: 'c', operator: 'o' }
type Role = keyof typeof passwords
const roles = Object.keys(passwords) as Role[]
type Verb = 'publish' | 'subscribe'

let server: NatsServer
const connections = new Map<Role, { nats: NatsConnection; refused: Set<string> }>()
const as = (role: Role) => connections.get(role) as { nats: NatsConnection; refused: Set<string> }

beforeAll(async () => {
  server = await startNats({
    config: fileURLToPath(new URL('../../nats.conf', import.meta.url)),
    env: { NATS_SERVICE_PASSWORD: 's', NATS_CONSUMER_PASSWORD: 'c', NATS_OPERATOR_PASSWORD: 'o' },
  })
  for (const user of roles) {
    const nats = await connect({
      port: server.port,
      user,
      pass: passwords[user],
      inboxPrefix: `_INBOX_${user}`,
    })
    const refused = new Set<string>()
    connections.set(user, { nats, refused })
    void (async () => {
      for await (const { type, permissionContext: denied } of nats.status()) {
        if (type === Events.Error && denied) refused.add(`${denied.operation} ${denied.subject}`)
      }
    })()
  }
  await ensureStreams({ nats: as('service').nats })
})
afterAll(async () => {
  await Promise.all([...connections.values()].map(({ nats }) => nats.close()))
  await server.stop()
})

/** Does the server let this user do that? It says no before it answers the next ping. */
async function allowed(role: Role, verb: Verb, subject: string): Promise<boolean> {
  const { nats, refused } = as(role)
  if (verb === 'publish') nats.publish(subject)
  else nats.subscribe(subject, { callback: () => undefined }).unsubscribe()
  await nats.flush()
  await nats.flush()
  return !refused.has(`${verb === 'publish' ? 'publish' : 'subscription'} ${subject}`)
}

const asked = requests.map(({ subject }) => subject)
const tokensAsked = ['token.get.*', 'token.reject.*']
const told = Object.keys(eventSchemas).map((type) => `${type}.*`)
const tokensTold = ['token.refreshed.*', 'token.invalid.*', 'account.grant-expiring.*', 'account.removed.*']
const inboxOf = (name: string) => `_INBOX_${name}.x`
const jetStream = (stream: string) => [
  ...['STREAM.CREATE', 'STREAM.UPDATE', 'STREAM.INFO', 'STREAM.MSG.GET', 'CONSUMER.CREATE'].map(
    (verb) => `$JS.API.${verb}.${stream}`,
  ),
  ...['CONSUMER.DURABLE.CREATE', 'CONSUMER.INFO', 'CONSUMER.MSG.NEXT', 'CONSUMER.DELETE'].map(
    (verb) => `$JS.API.${verb}.${stream}.mine`,
  ),
  `$JS.ACK.${stream}.mine.1.1.1.1.1`,
]
const whole = ['STREAM.PURGE', 'STREAM.MSG.DELETE', 'STREAM.DELETE'].map(
  (verb) => `$JS.API.${verb}.TOKENBUS_EVENTS`,
)
const [events, history, other] = ['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY', 'OTHER'].map(jetStream) as [
  string[],
  string[],
  string[],
]
const only = (subjects: string[], verbs: string[]) =>
  subjects.filter((subject) => verbs.some((verb) => subject.includes(`${verb}.TOKENBUS_`)))

/** All there is to publish and to subscribe to. */
const everything: Record<Verb, string[]> = {
  publish: [
    ...asked,
    ...told,
    apiTokenRevoked,
    changedSubject,
    ...events,
    ...history,
    ...other,
    ...whole,
    '$SRV.INFO.tokenbus',
    'other',
  ]
    .map((subject) => subject.replace('*', 'alice'))
    .concat(roles.map(inboxOf), inboxOf('other'), '_INBOX.x'),
  subscribe: [...asked, ...told, apiTokenRevoked, changedSubject, '$SRV.>', '$JS.>', '$SYS.>', 'other']
    .concat(['>', '*', 'token.>', 'account.>', 'app.>', '*.*.*', '_INBOX.>', '_INBOX_*.>'])
    .concat(roles.map((role) => `_INBOX_${role}.>`)),
}

/** What of it each role is for. All else is refused. */
const may: Record<Role, Record<Verb, string[]>> = {
  service: {
    publish: [
      ...told,
      apiTokenRevoked,
      changedSubject,
      ...only(events, ['STREAM.CREATE', 'STREAM.UPDATE', 'STREAM.INFO', 'MSG.GET']),
      ...only(history, ['STREAM.CREATE', 'STREAM.UPDATE', 'STREAM.INFO', 'MSG.GET']),
      ...only(history, ['API.CONSUMER.CREATE', 'CONSUMER.MSG.NEXT', 'CONSUMER.DELETE']),
    ],
    subscribe: [...asked, ...told, apiTokenRevoked, changedSubject, '$SRV.>', '_INBOX_service.>'],
  },
  consumer: {
    publish: [
      ...tokensAsked,
      ...only(events, [
        'STREAM.INFO',
        'API.CONSUMER.CREATE',
        'DURABLE.CREATE',
        'CONSUMER.INFO',
        'MSG.NEXT',
        'ACK',
      ]),
    ],
    subscribe: [...tokensTold, '_INBOX_consumer.>'],
  },
  operator: {
    publish: [...asked, ...events, ...history, ...other, ...whole, '$SRV.INFO.tokenbus'],
    subscribe: [...told, '_INBOX_operator.>'],
  },
}

describe.each(roles.flatMap((role) => [[role, 'publish'] as const, [role, 'subscribe'] as const]))(
  '%s, to %s',
  (role, verb) => {
    const granted = new Set(
      may[role][verb].map((each) => (verb === 'publish' ? each.replace('*', 'alice') : each)),
    )
    it.each(
      everything[verb].map((subject) => [granted.has(subject) ? 'allowed' : 'refused', subject] as const),
    )('%s: %s', async (outcome, subject) =>
      expect((await allowed(role, verb, subject)) ? 'allowed' : 'refused').toBe(outcome),
    )
    it('is granted nothing that is not tried here', () => {
      expect([...granted].filter((subject) => !everything[verb].includes(subject))).toEqual([])
    })
  },
)

it('the service answers a request although it may not publish to inboxes', async () => {
  const { nats: service } = as('service')
  service.subscribe('token.get.*', { callback: (_, message) => void message.respond('a token') })
  await service.flush()
  expect((await as('consumer').nats.request('token.get.alice')).string()).toBe('a token')
})
