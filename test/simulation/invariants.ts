import type { AccountContext } from '../../machines/index.ts'
import { giveUpAfter, sendWithin, settleTime } from '../../machines/time-rules.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import type { OutboxEntry } from '../../src/redis/record.ts'
import { replay } from '../../src/testing/index.ts'
import { type Keyspace, tombstoneLife } from './keyspace.ts'
import type { Machine } from './machine.ts'
import { partitions } from './partitions.ts'
import type { SimulatedNats } from './simulated-nats.ts'
import type { Spending } from './simulated-provider.ts'
import type { SimulatedRedis } from './simulated-redis.ts'
import { storedContextOf } from './stored-context.ts'

interface Recorded {
  readonly event: { type: string; at: number }
  readonly version: number
  readonly to: string | null
  readonly effects: readonly { type: string }[]
  readonly snapshot: { context: { tokenGeneration: number } }
}

interface Edge {
  readonly type: string
  readonly reason: string | undefined
  /** An account that waits for its app may turn out to have a fault of its own. */
  readonly state: string | undefined
}

interface Life {
  last: Recorded | null
  /** Not replayed yet; each is replayed from the one before. */
  unproven: Recorded[]
  readonly announced: string[]
  readonly edges: string[]
  lastEdge: Edge | null
}

/** The announcements received by each node: it must not serve anything older. */
interface Known {
  readonly generation: number
  readonly ended: boolean
}

const edgeTypes = new Set(['token.refreshed', 'token.invalid', 'account.removed'])

export type Invariants = ReturnType<typeof createInvariants>

export interface InvariantsOptions {
  readonly redis: Pick<SimulatedRedis, 'space' | 'steppedSince'>
  readonly nats: Pick<SimulatedNats, 'hasStream'>
  now(): number
  fail(message: string): void
  /** True if this machine could save and receive changes all the time since then. */
  wasWellSince(machine: Machine, time: number): boolean
}

/** Watches everything that must hold at every step, and calls `fail` at the step that breaks it. */
export function createInvariants({ now, fail, wasWellSince, redis, nats }: InvariantsOptions) {
  const lives = new Map<string, Life>()
  const ids = new Set<string>()
  const knownAt = new Map<Machine, Map<string, Known>>()
  const sendings = new Map<string, Spending>()
  const lastMinute = new Map<string, number[]>()
  const appChanges: number[] = []
  const appSettings = new Map<string, string | undefined>()
  let forgetful = false

  function lifeOf(account: string): Life {
    const life = lives.get(account) ?? { last: null, unproven: [], announced: [], edges: [], lastEdge: null }
    lives.set(account, life)
    return life
  }

  function toldOf(account: string): Known | null {
    const { last } = lifeOf(account)
    if (last === null) return null
    const ended = last.to === null || last.to === 'revoked'
    return { generation: last.snapshot.context.tokenGeneration, ended }
  }

  /** Caches are invalidated also while the stream is unavailable; the saved state is that of Redis. */
  function storedOf(account: string): Known | null {
    const key = keysOf(partitionOf(account, partitions)).record({ kind: 'account', id: account })
    const fields = redis.space().hashes.get(key)?.fields
    if (fields === undefined) return null
    const { tokenGeneration: generation = 0 } = storedContextOf<AccountContext>(fields)
    const state = fields.get('state')
    return { generation, ended: state === undefined || state === 'revoked' }
  }

  function recorded(account: string, record: Recorded): void {
    const life = lifeOf(account)
    const expected = (life.last?.version ?? 0) + 1
    const { last } = life
    const isNewLife =
      last?.event.type === 'account.removed' && record.event.at - last.event.at >= tombstoneLife - slack
    // A failover that forgets writes makes history begin again where Redis stands.
    if (record.version !== expected && !forgetful && !(isNewLife && record.version === 1))
      fail(`${account}: transition ${record.version} came where ${expected} was due`)
    if (record.version !== expected) prove(account, life)
    life.unproven.push(record)
    if (life.unproven.length > provenAtOnce) {
      // A replay costs as much as the transition did, and many seeds meet each kind of transition.
      if (record.version % provenOfEach < provenAtOnce) prove(account, life)
      else life.unproven = [record]
    }
    life.last = record
    // A new grant may be announced as ended again.
    if (record.event.type === 'account.authorized') life.lastEdge = null
    for (const { type } of record.effects)
      if (edgeTypes.has(type)) life.announced.push(`${type} ${record.version}`)
  }

  function prove(account: string, life: Life): void {
    const { divergence } = replay(life.unproven)
    life.unproven = life.unproven.slice(-1)
    if (divergence !== undefined)
      fail(`${account}: transition ${divergence.version} is replayed differently at ${divergence.path}`)
  }

  function edge(account: string, { version, ...edge }: Edge & { version: number }): void {
    const life = lifeOf(account)
    const { lastEdge } = life
    life.edges.push(`${edge.type} ${version}`)
    life.lastEdge = edge
    const isRepeated = lastEdge?.type === edge.type && lastEdge.reason === edge.reason
    // What a failover lost happens, and is announced, again.
    if (edge.type === 'token.invalid' && isRepeated && lastEdge.state === edge.state && !forgetful)
      fail(`${account}: announced invalid twice for ${edge.reason}`)
  }

  /** No account sends requests to its provider without bound, whatever fails. A parked one tries each change of its app. */
  function storm({ grant: { account }, clientId, sentAt }: Spending): void {
    const key = `${account} ${clientId}`
    const lately = [...(lastMinute.get(key) ?? []), sentAt].filter((at) => at > sentAt - 60_000)
    lastMinute.set(key, lately)
    const changes = appChanges.filter((at) => at > sentAt - 60_000).length
    if (lately.length > maxPerMinute + triesPerChange * changes)
      fail(`${account}: ${lately.length} requests within a minute`)
  }

  function noteAppChange(key: string, settings: string | undefined): void {
    if (appSettings.get(key) !== settings) appChanges.push(now())
    appSettings.set(key, settings)
  }

  return {
    isForgetful: () => forgetful,
    /** From now on saves may be lost; their announcements remain. */
    becomeForgetful(): void {
      forgetful = true
      knownAt.clear()
    },
    stored(entry: OutboxEntry): void {
      if (entry.ref.kind !== 'account') return
      // After a failover to an old copy, the outbox may hold events published before the stream's duplicate window.
      if (ids.has(entry.id) && !forgetful) fail(`${entry.ref.id}: ${entry.type} was stored twice`)
      ids.add(entry.id)
      const body = JSON.parse(entry.body)
      if (entry.type === 'account.transition') recorded(entry.ref.id, body)
      else if (edgeTypes.has(entry.type)) edge(entry.ref.id, body)
    },
    /** Every event of a transition is published once, in order. Call it once everything is published. */
    settled(account: string): void {
      const life = lifeOf(account)
      prove(account, life)
      const { announced, edges } = life
      if (!forgetful && announced.join() !== edges.join())
        fail(`${account}: told ${edges.slice(-3)}, where transitions say ${announced.slice(-3)}`)
    },
    heard(machine: Machine, account: string): void {
      const now = nats.hasStream() ? toldOf(account) : storedOf(account)
      if (now === null) return
      const known = knownAt.get(machine) ?? new Map<string, Known>()
      knownAt.set(machine, known)
      known.set(account, now)
    },
    knownBy: (machine: Machine, account: string) => knownAt.get(machine)?.get(account),
    served({
      account,
      generation,
      known,
    }: {
      account: string
      generation: number
      known?: Known | undefined
    }): void {
      if (known === undefined || forgetful) return
      const oldest = known.ended ? known.generation + 1 : known.generation
      if (generation < oldest)
        fail(`${account}: generation ${generation} served where ${oldest} was the oldest it knew alive`)
    },
    /** One attempt per base generation, unless the provider permits more or the response counts as lost. */
    sent(spending: Spending): void {
      const { grant, number, sentAt, machine } = spending
      const key = `${grant.id}/${number}`
      const before = sendings.get(key)
      sendings.set(key, spending)
      storm(spending)
      const repeatable = grant.rotation === 'none' || grant.rotation === 'keeps-old'
      if (before === undefined || repeatable || before.heard === 'refusal') return
      // An hour that never was: the first answer is given up, as if it had been lost.
      if (redis.steppedSince(before.sentAt)) return
      const after = sentAt - before.sentAt
      const { heardAt } = before
      // An event follows its response after the latency of Redis and NATS.
      const toldInTime = sentAt - heardAt > newsTravels && before.machine.life() === before.life
      const both = wasWellSince(before.machine, heardAt - newsTravels) && wasWellSince(machine, heardAt)
      if (grant.rotation === 'strict' && before.heard === 'tokens' && toldInTime && both && !forgetful)
        fail(
          `${grant.account}: sent token ${number} again though its answer was heard by ${before.machine.name}`,
        )
      const soonest = grant.rotation === 'grace' ? sendWithin : giveUpAfter - sendWithin + settleTime - slack
      if (before.heard === null && after < soonest)
        fail(
          `${grant.account}: ${machine.name} sent token ${number} ${Math.round(after)} ms after ${before.machine.name}`,
        )
    },
    /** Every account that waits for anything has a wake-up. */
    indexed(space: Keyspace, records: readonly string[] | 'any'): void {
      for (const key of records === 'any' ? space.hashes.keys() : records) {
        const [prefix = '', account] = key.split(':account:')
        const fields = space.hashes.get(key)?.fields
        if (key.includes(':app:')) noteAppChange(key, fields?.get('g'))
        const state = fields?.get('state')
        if (account === undefined || !state) continue
        const wake = fields?.get('wake')
        const due = space.sets.get(`${prefix}:due`)?.get(`account:${account}`)
        const dead = state === 'revoked' && wake === ''
        if (!dead && (wake === '' || due === undefined)) fail(`${account}: ${state} without a wake-up`)
      }
    },
  }
}

/** A failover brings another clock, which may be ahead. */
const slack = 1_100
const newsTravels = 100
const provenAtOnce = 16
const provenOfEach = 4 * provenAtOnce
/** Five forced refreshes at once, the backoff, and puts by an operator. */
const maxPerMinute = 15
/** As many as secrets. */
const triesPerChange = 5
