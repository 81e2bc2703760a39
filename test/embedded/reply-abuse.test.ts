import { AckPolicy, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, outcomesOf } from '../support/abuse-outcome.ts'
import { type AbuseScene, type State, startAbuseScene } from '../support/abuse-scene.ts'
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
const enough = 2 * Math.max(...Object.values(replies).map(({ length }) => length))
/** Within one account this works, and is tried last. */
const deletion = '$JS.API.STREAM.DELETE.TOKENBUS_EVENTS'
type Kind = 'request' | 'JetStream' | 'delivery'

interface Attempt {
  readonly kind: Kind
  readonly to: string
  readonly call: Call
  /** One publication each, all at once, so that a call cannot undo an earlier one. */
  readonly replies: readonly (string | undefined)[]
}

/** Every call of a role with every subject it may name. */
function attemptsOf(role: Role, { name, apiPrefix }: Variant): Attempt[] {
  const may = ({ subject }: Call) =>
    role === 'operator' || (role === 'consumer' && subject.startsWith('token.'))
  // Replies to another NATS account return there, so a plain request is no abuse.
  const answered = role === 'consumer' && name === 'nats.conf'
  const attempts = Object.entries(replies).flatMap(([to, targets]): Attempt[] => {
    const asked = answered || to === inbox ? harmlessCalls : requestCalls
    // Operators purge and delete streams by themselves.
    const mayAnyway = role === 'operator' && to === 'the JetStream API'
    const delivering =
      role === 'operator' && !mayAnyway ? targets.filter((target) => target !== undefined) : []
    const isFatal = (reply?: string) =>
      name === 'single-account.conf' && role === 'consumer' && reply === deletion
    const answering = targets.filter((reply) => !isFatal(reply))
    const jetStream = mayAnyway ? [] : jetStreamCalls(role, apiPrefix)
    return [
      ...asked.filter(may).map((call) => ({ kind: 'request' as const, to, call, replies: targets })),
      ...jetStream.map((call) => ({ kind: 'JetStream' as const, to, call, replies: answering })),
      ...delivering
        .flatMap(deliveringCalls)
        .map((call) => ({ kind: 'delivery' as const, to, call, replies: [`_INBOX_${role}.own`] })),
    ]
  })
  // Messages that JetStream still sends must not be attributed to a later request.
  return (['request', 'JetStream', 'delivery'] as const).flatMap((kind) =>
    attempts.filter((attempt) => attempt.kind === kind),
  )
}

const casesOf = (role: Role, variant: Variant) =>
  attemptsOf(role, variant).reduce((sum, { replies }) => sum + replies.length, 0)

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
  /** As the last attempt left it. */
  let state: State

  beforeAll(async () => {
    scene = await startAbuseScene(variant)
    for (const role of roles) users[role] = await scene.as(role)
    state = await scene.state()
  })
  afterAll(() => scene[Symbol.asyncDispose]())

  /** Pending pulls end at once, and nothing more is pushed. */
  async function endConsumers(): Promise<void> {
    const { consumers } = scene.manager
    const found = await consumers
      .list('TOKENBUS_EVENTS')
      .next()
      .catch(() => [])
    for (const { name } of found) await consumers.delete('TOKENBUS_EVENTS', name).catch(() => false)
  }

  async function refill(): Promise<void> {
    await scene.refill(enough)
    state = await scene.state()
  }

  async function prepareDurable(waiting: Call['durable']): Promise<void> {
    // One event for each reply, so that none takes another's.
    if (enough > (state.streams.TOKENBUS_EVENTS?.messages ?? 0)) await refill()
    await scene.manager.consumers.add('TOKENBUS_EVENTS', {
      durable_name: 'consumer',
      ack_policy: AckPolicy.Explicit,
      ...(waiting === 'empty' && { filter_subject: 'account.removed.nobody' }),
    })
  }

  async function attempt(role: Role, { kind, call, replies }: Attempt): Promise<Outcome[]> {
    if (call.durable !== undefined) await prepareDurable(call.durable)
    const before = state
    for (const { heard } of scene.witnesses) heard.length = 0
    for (const reply of replies)
      users[role].publish(call.subject, call.body, reply === undefined ? {} : { reply })
    await users[role].flush()
    await scene.settle()
    if (kind !== 'request') {
      await endConsumers()
      await scene.settle()
    }
    state = await scene.state()
    const home = role === 'consumer' && variant.name === 'nats.conf' ? 'CONSUMER' : 'TOKENBUS'
    return outcomesOf(scene, { before, after: state, home })
  }

  it.each(roles.map((role) => [role, casesOf(role, variant)] as const))(
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
        for (const each of await attempt('consumer', {
          kind: 'JetStream',
          to: '',
          call,
          replies: [deletion],
        }))
          outcomes.add(each)
      }
      // What the calls before had pushed may arrive only now.
      expect([...outcomes].filter((each) => !junk.includes(each))).toEqual(['TOKENBUS_EVENTS deleted'])
    })
})
