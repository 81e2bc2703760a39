import { requestRoutes } from '../../src/bus/request-routes.ts'
import type { Role } from '../support/shipped-nats.ts'

/** Something a role may publish, with a body that would do harm if it were dealt with as meant. */
export interface Call {
  readonly subject: string
  readonly body: string
  /** Events that the durable `consumer` has waiting when the call is made. */
  readonly durable?: 'full' | 'empty'
}

const json = JSON.stringify
const grant = { app: 'app', user: 'mallory', refreshToken: 'of mallory' }

/** For each request one that would change something, for existing and missing ids. */
const bodies: Record<string, { id: string; body: object | undefined }> = {
  'token.get': { id: 'alice', body: undefined },
  'token.reject': { id: 'alice', body: { generation: 1 } },
  'account.put': { id: 'alice', body: grant },
  'account.get': { id: 'alice', body: undefined },
  'account.list': { id: '', body: undefined },
  'account.revoke': { id: 'alice', body: {} },
  'account.delete': { id: 'alice', body: {} },
  'account.device': { id: 'alice', body: { app: 'a' } },
  'account.history': { id: 'alice', body: undefined },
  'app.put': { id: 'app', body: { provider: 'oidc', clientId: 'mine', tokenUrl: 'http://127.0.0.1:1/mine' } },
  'app.get': { id: 'app', body: undefined },
  'app.list': { id: '', body: undefined },
  'app.delete': { id: 'spare', body: {} },
  'app.secret.add': { id: 'app', body: { secret: 'mine' } },
  'app.secret.remove': { id: 'app', body: { id: 'no-such-secret' } },
  'app.verify': { id: 'app', body: {} },
  'keys.rotate': { id: '', body: {} },
  'events.dead': { id: '', body: undefined },
  'events.retry': { id: '', body: { all: true } },
  'events.drop': { id: '', body: { all: true } },
  'upgrade.finish': { id: '', body: { level: 1_000 } },
  'api-token.create': { id: '', body: { name: 'mine', scopes: ['admin'] } },
  'api-token.list': { id: '', body: undefined },
  'api-token.revoke': { id: 'no-such-token', body: {} },
}

export const requestCalls: readonly Call[] = requestRoutes.map(({ verb }) => {
  const { id, body } = bodies[verb] ?? fault(`no body for ${verb}: say what would do harm`)
  return { subject: id === '' ? verb : `${verb}.${id}`, body: body === undefined ? '' : json(body) }
})

/** What a request does wherever its answer may go is its caller's right: only those that change nothing are asked so. */
export const harmlessCalls: readonly Call[] = [
  ...['token.get.alice', 'account.get.alice', 'account.list', 'app.list', 'api-token.list'].map(
    (subject) => ({
      subject,
      body: '',
    }),
  ),
  { subject: 'token.reject.alice', body: json({ generation: 0 }) },
]

const durable = 'TOKENBUS_EVENTS.consumer'
const next = `CONSUMER.MSG.NEXT.${durable}`
const acks: Call[] = ['', '+ACK', '-NAK', '+WPI', '+TERM', '+NXT'].map((body) => ({
  subject: `$JS.ACK.${durable}.1.1.1.1.0`,
  body,
  durable: 'full',
}))
const reading = (prefix: string): Call[] => [
  { subject: `${prefix}.CONSUMER.INFO.${durable}`, body: '' },
  { subject: `${prefix}.${next}`, body: '', durable: 'full' },
  { subject: `${prefix}.${next}`, body: json({ batch: 2, no_wait: true }), durable: 'full' },
  { subject: `${prefix}.${next}`, body: json({ batch: 1, no_wait: true }), durable: 'empty' },
  { subject: `${prefix}.${next}`, body: json({ batch: 1, expires: 1_000_000 }), durable: 'empty' },
  { subject: `${prefix}.${next}`, body: 'no number', durable: 'full' },
  ...acks,
]

/** The JetStream calls of each role that do no harm by themselves: operators may also purge and delete. */
export const jetStreamCalls = (role: Role, apiPrefix: string): readonly Call[] =>
  ({ consumer: reading(apiPrefix), operator: operatorCalls, service: serviceCalls })[role]

const operatorCalls: Call[] = [
  ...reading('$JS.API'),
  ...['INFO', 'STREAM.NAMES', 'STREAM.LIST', 'STREAM.INFO.TOKENBUS_EVENTS', 'STREAM.INFO.NONE'].map(api),
  ...['CONSUMER.NAMES.TOKENBUS_EVENTS', 'CONSUMER.LIST.TOKENBUS_EVENTS'].map(api),
  { ...api('STREAM.MSG.GET.TOKENBUS_EVENTS'), body: json({ seq: 1 }) },
]
const serviceCalls: Call[] = [
  api('STREAM.INFO.TOKENBUS_EVENTS'),
  { ...api('STREAM.MSG.GET.TOKENBUS_HISTORY'), body: json({ seq: 1 }) },
  api('CONSUMER.MSG.NEXT.TOKENBUS_HISTORY.none'),
  api('CONSUMER.CREATE.TOKENBUS_HISTORY'),
  api('CONSUMER.DELETE.TOKENBUS_HISTORY.none'),
]

function api(verb: string): Call {
  return { subject: `$JS.API.${verb}`, body: '' }
}

/** Calls whose body sets a subject for JetStream to publish to. Only operators may send them. */
export const deliveringCalls = (target: string): readonly Call[] =>
  [
    { deliver_subject: target, ack_policy: 'none' },
    { deliver_subject: target, ack_policy: 'explicit' },
    { deliver_subject: target, ack_policy: 'none', idle_heartbeat: 100_000_000, flow_control: true },
  ]
    .map((config) => ({
      subject: '$JS.API.CONSUMER.CREATE.TOKENBUS_EVENTS',
      body: json({ stream_name: 'TOKENBUS_EVENTS', config: { ...config, inactive_threshold: 200_000_000 } }),
    }))
    .concat({
      subject: '$JS.API.STREAM.SNAPSHOT.TOKENBUS_EVENTS',
      body: json({ deliver_subject: target, no_consumers: true }),
    })

const events = [
  ...[
    'token.refreshed',
    'token.invalid',
    'account.transition',
    'account.grant-expiring',
    'account.removed',
    'account.user-changed',
  ],
].map((type) => `${type}.bob`)
const calls = [
  'STREAM.PURGE.TOKENBUS_EVENTS',
  'STREAM.PURGE.TOKENBUS_HISTORY',
  'STREAM.DELETE.TOKENBUS_EVENTS',
]

/** Reply subjects by kind. */
export const replies: Readonly<Record<string, readonly (string | undefined)[]>> = {
  'a request': requestCalls.map(({ subject }) => subject.replace('alice', 'bob')),
  'the JetStream API': calls.map((call) => `$JS.API.${call}`),
  'an ack': [`$JS.ACK.${durable}.1.1.1.1.0`],
  'the service API': ['$SRV.PING', '$SRV.INFO.tokenbus', '$SRV.STATS.tokenbus'],
  'an import of another account': ['_R_.guess.work'],
  nothing: [undefined],
  'an inbox of another': ['_INBOX_service.x', '_INBOX_operator.x', '_INBOX_neighbour.x', '_INBOX.x'],
  // Last, because messages still being pushed must not be attributed to a later call.
  'an event': [...events, 'app.secret-expired.app', 'tokenbus.changed', 'api-token.revoked'],
}

function fault(message: string): never {
  throw new Error(message)
}
