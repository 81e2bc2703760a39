import { AckPolicy, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, outcomesOf } from '../support/abuse-outcome.ts'
import { type AbuseScene, startAbuseScene } from '../support/abuse-scene.ts'
import { type Role, roles, type Variant, variants } from '../support/shipped-nats.ts'
import {
  type Call,
  deliveringCalls,
  harmlessCalls,
  jetStreamCalls,
  replies,
  requestCalls,
} from './abusive-calls.ts'

const inbox = 'an inbox of another'
/** Within one account this works, and is tried last. */
const deletion = '$JS.API.STREAM.DELETE.TOKENBUS_EVENTS'
type Kind = 'request' | 'JetStream' | 'delivery'

interface Attempt {
  readonly kind: Kind
  readonly to: string
  readonly call: Call
  readonly reply: string | undefined
}

/** Every call of a role with every subject it may name. */
function attemptsOf(role: Role, { name, apiPrefix }: Variant): Attempt[] {
  const may = ({ subject }: Call) =>
    role === 'operator' || (role === 'consumer' && subject.startsWith('token.'))
  // From another NATS account replies go back there, whatever they are: then a request is no abuse.
  const answered = role === 'consumer' && name === 'nats.conf'
  const attempts = Object.entries(replies).flatMap(([to, targets]) =>
    targets.flatMap((reply): Attempt[] => {
      const asked = answered || to === inbox ? harmlessCalls : requestCalls
      // Operators purge and delete streams by themselves.
      const mayAnyway = role === 'operator' && to === 'the JetStream API'
      const delivering =
        role === 'operator' && reply !== undefined && !mayAnyway ? deliveringCalls(reply) : []
      const fatal = name === 'single-account.conf' && role === 'consumer' && reply === deletion
      const jetStream = mayAnyway || fatal ? [] : jetStreamCalls(role, apiPrefix)
      return [
        ...asked.filter(may).map((call) => ({ kind: 'request' as const, to, call, reply })),
        ...jetStream.map((call) => ({ kind: 'JetStream' as const, to, call, reply })),
        ...delivering.map((call) => ({ kind: 'delivery' as const, to, call, reply: `_INBOX_${role}.own` })),
      ]
    }),
  )
  // What JetStream still sends from one attempt must not be taken for what a later request did.
  return (['request', 'JetStream', 'delivery'] as const).flatMap((kind) =>
    attempts.filter((attempt) => attempt.kind === kind),
  )
}

const junk = ['junk in TOKENBUS_EVENTS', 'junk in TOKENBUS_HISTORY']
const spoofed = ['event in CONSUMER', 'event in NEIGHBOUR', ...junk]
const withinConsumer = ['token heard in CONSUMER']

/** What cannot be prevented within one NATS account. Nothing else happens, and nothing across accounts. */
const leaks: Record<Variant['name'], Record<Role, Record<string, readonly Outcome[]>>> = {
  'nats.conf': {
    service: { 'JetStream -> an event': junk },
    consumer: {
      'request -> an event': withinConsumer,
      'request -> a request': withinConsumer,
      'request -> the JetStream API': withinConsumer,
      'request -> the service API': withinConsumer,
      [`request -> ${inbox}`]: withinConsumer,
    },
    operator: {
      [`request -> ${inbox}`]: ['token heard in TOKENBUS'],
      'JetStream -> an event': spoofed,
      'delivery -> an event': spoofed,
    },
  },
  'single-account.conf': {
    service: { 'JetStream -> an event': junk },
    consumer: {
      [`request -> ${inbox}`]: ['token heard in TOKENBUS'],
      'JetStream -> an event': junk,
      'JetStream -> the JetStream API': ['TOKENBUS_EVENTS emptied', 'TOKENBUS_HISTORY emptied'],
    },
    operator: {
      [`request -> ${inbox}`]: ['token heard in TOKENBUS'],
      'JetStream -> an event': junk,
      'delivery -> an event': junk,
    },
  },
}

describe.each(variants)('$name', (variant) => {
  let scene: AbuseScene
  const users = {} as Record<Role, NatsConnection>

  beforeAll(async () => {
    scene = await startAbuseScene(variant)
    for (const role of roles) users[role] = await scene.as(role)
  })
  afterAll(() => scene[Symbol.asyncDispose]())

  /** What waits on them is told so at once, and nothing is pushed any more. */
  async function endConsumers(): Promise<void> {
    const { consumers } = scene.manager
    const found = await consumers
      .list('TOKENBUS_EVENTS')
      .next()
      .catch(() => [])
    for (const { name } of found) await consumers.delete('TOKENBUS_EVENTS', name).catch(() => false)
  }

  async function prepareDurable(waiting: Call['durable']): Promise<void> {
    await endConsumers()
    await scene.manager.consumers.add('TOKENBUS_EVENTS', {
      durable_name: 'consumer',
      ack_policy: AckPolicy.Explicit,
      ...(waiting === 'empty' && { filter_subject: 'account.removed.nobody' }),
    })
  }

  async function attempt(role: Role, { kind, call, reply }: Attempt): Promise<Outcome[]> {
    if (call.durable !== undefined) await prepareDurable(call.durable)
    const before = await scene.state()
    for (const { heard } of scene.witnesses) heard.length = 0
    users[role].publish(call.subject, call.body, reply === undefined ? {} : { reply })
    await users[role].flush()
    await scene.settle()
    if (kind !== 'request') {
      await endConsumers()
      await scene.settle()
    }
    const after = await scene.state()
    const home = role === 'consumer' && variant.name === 'nats.conf' ? 'CONSUMER' : 'TOKENBUS'
    const outcomes = outcomesOf(scene, { before, after, home })
    if (outcomes.some((each) => each.endsWith('emptied'))) await scene.refill()
    return outcomes
  }

  it.each(roles.map((role) => [role, attemptsOf(role, variant).length] as const))(
    '%s, %i cases',
    async (role) => {
      const found: Record<string, Set<Outcome>> = {}
      for (const each of attemptsOf(role, variant)) {
        const key = `${each.kind} -> ${each.to}`
        found[key] = new Set([...(found[key] ?? []), ...(await attempt(role, each))])
      }
      const known = leaks[variant.name][role]
      for (const [key, outcomes] of Object.entries(found))
        expect({ key, more: [...outcomes].filter((each) => !known[key]?.includes(each)) }).toEqual({
          key,
          more: [],
        })
      // JetStream may be ended before it pushes; all else that is known does happen.
      const happens = Object.entries(known).filter(([key]) => !key.startsWith('delivery'))
      for (const [key, outcomes] of happens)
        expect({ key, outcomes: [...(found[key] ?? [])].sort() }).toEqual({
          key,
          outcomes: [...outcomes].sort(),
        })
    },
    600_000,
  )

  if (variant.name === 'single-account.conf')
    it('consumer: JetStream deletes a stream, but no account', async () => {
      const outcomes = new Set<Outcome>()
      for (const call of jetStreamCalls('consumer', variant.apiPrefix)) {
        if (outcomes.has('TOKENBUS_EVENTS deleted')) break
        for (const each of await attempt('consumer', { kind: 'JetStream', to: '', call, reply: deletion }))
          outcomes.add(each)
      }
      expect([...outcomes]).toEqual(['TOKENBUS_EVENTS deleted'])
    })
})
