import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Refusal, refusals } from '../bus/refusal-of.ts'
import type { Observer } from '../common/observer.ts'
import type { FailedRequest } from '../contract/failed-request.ts'
import { type StorageTrouble, StorageUnavailable, storageTroubles } from '../redis/storage-unavailable.ts'
import { countersByApp } from './by-app.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import { failedRequestCounter } from './failed-requests.ts'
import { lifeLeftHistogram } from './life-left.ts'

export interface Metrics {
  readonly observer: Observer
  /** Redis held something of this kind that tokenbus did not write. */
  tampered(kind: string): void
  /** Redis did not do what it was told. */
  storageFailed(why: StorageTrouble): void
  /** Whether this node can serve, as `/readyz` says. */
  ready(well: boolean): void
  readonly requestRefused: (why: Refusal) => void
  readonly requestFailed: (failed: FailedRequest) => void
  readonly contentType: string
  text(): Promise<string>
}

/** What is stored with a MAC. */
const signedKinds = ['account', 'app', 'api-token', 'consent']

/** What Prometheus is told. Gauges are of the whole cluster, the same from every node; all else is of this one. */
export function createMetrics({ facts }: { facts: ClusterFacts }): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name, help, registers })
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })

  const accounts = new Gauge({
    name: 'tokenbus_accounts',
    help: 'Accounts by state.',
    labelNames: ['state'],
    registers,
  })
  const ready = gauge('tokenbus_ready', '1 where this node can serve, as /readyz says; else 0.')
  const warnings = new Counter({
    name: 'tokenbus_warnings_total',
    help: 'What was announced to end soon: grant-expiring, secret-expiring.',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of ['grant-expiring', 'secret-expiring']) warnings.inc({ kind }, 0)
  const outboxEntries = gauge('tokenbus_outbox_entries', 'Events saved and not yet in their stream.')
  const deadEvents = gauge('tokenbus_dead_events', 'Events set aside: their stream will never take them.')
  const outboxLag = gauge('tokenbus_outbox_lag_seconds', 'Age of the oldest event not yet in its stream.')
  const overdue = gauge(
    'tokenbus_overdue_seconds',
    'How long the oldest wake-up that nobody took has been due.',
  )
  const seals = gauge(
    'tokenbus_sealing_key_seals',
    'How often the key that seals was used: 2^32 times at most.',
  )
  const clockAhead = gauge(
    'tokenbus_clock_ahead_seconds',
    "How far the cluster's time is ahead of this machine's clock, or of Redis', whichever differs more.",
  )
  const coalesced = counter(
    'tokenbus_coalesced_total',
    'Callers that got what the refresh of another one brought.',
  )
  const lostSaves = counter('tokenbus_lost_saves_total', 'Saves lost to another node and tried again.')
  const races = counter('tokenbus_races_recovered_total', 'Refusals of a grant that had just been refreshed.')
  const inDoubt = counter('tokenbus_attempts_in_doubt_total', 'Attempts whose answer is missing.')
  const setAside = counter('tokenbus_events_set_aside_total', 'Events that their stream will never take.')
  const tampering = new Counter({
    name: 'tokenbus_tampering_total',
    help: 'What Redis held that tokenbus had not written, by kind; it is not used.',
    labelNames: ['kind'],
    registers,
  })
  const storageFailures = new Counter({
    name: 'tokenbus_storage_failures_total',
    help: 'Commands that Redis did not carry out, by why: unreachable, full, read_only, disk, forbidden, lost.',
    labelNames: ['why'],
    registers,
  })
  const attempts = new Histogram({
    name: 'tokenbus_refresh_seconds',
    help: 'Refresh attempts by provider and outcome: succeeded, the class of the failure, or untold.',
    labelNames: ['provider', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 75],
    registers,
  })

  const refused = new Counter({
    name: 'tokenbus_requests_refused_total',
    help: 'Messages on subjects of requests that were not acted on, by why.',
    labelNames: ['why'],
    registers,
  })
  const byApp = countersByApp(registry)
  for (const why of storageTroubles) storageFailures.inc({ why }, 0)
  const unreadable = new Counter({
    name: 'tokenbus_unreadable_total',
    help: 'Records met that only newer nodes, or nodes with other sealing keys, can read, by kind.',
    labelNames: ['kind'],
    registers,
  })
  const kept = counter(
    'tokenbus_answers_kept_total',
    'Answers that could not be stored through a fault of tokenbus: they are kept, sealed, and stored later.',
  )
  for (const kind of ['account', 'app']) unreadable.inc({ kind }, 0)
  for (const why of refusals) refused.inc({ why }, 0)
  for (const kind of signedKinds) tampering.inc({ kind }, 0)

  async function look(): Promise<void> {
    clockAhead.set(facts.clockAhead())
    try {
      const [states, size, dead, lagging, due, sealed] = await Promise.all([
        facts.accountsByState(),
        facts.outboxSize(),
        facts.deadEvents(),
        facts.outboxLag(),
        facts.overdue(),
        facts.seals(),
      ])
      for (const [state, count] of Object.entries(states)) accounts.set({ state }, count)
      outboxEntries.set(size)
      deadEvents.set(dead)
      outboxLag.set(lagging)
      overdue.set(due)
      seals.set(sealed)
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
      // Old numbers would look like news.
      accounts.reset()
      for (const each of [outboxEntries, deadEvents, outboxLag, overdue, seals]) each.remove()
    }
  }

  return {
    requestRefused: (why) => refused.inc({ why }),
    requestFailed: failedRequestCounter(registry),
    contentType: registry.contentType,
    ready: (well) => ready.set(well ? 1 : 0),
    tampered: (kind) => tampering.inc({ kind }),
    storageFailed: (why) => storageFailures.inc({ why }),
    async text() {
      await look()
      return registry.metrics()
    },
    observer: {
      served: lifeLeftHistogram(registry),
      coalesced: () => coalesced.inc(),
      warned: (kind) => warnings.inc({ kind }),
      lostSave: () => lostSaves.inc(),
      raceRecovered: () => races.inc(),
      inDoubt: () => inDoubt.inc(),
      eventSetAside: () => setAside.inc(),
      unreadable: (kind) => unreadable.inc({ kind }),
      answerKept: () => kept.inc(),
      accountInvalid: byApp.accountInvalid,
      attemptEnded({ app, provider, outcome, milliseconds }) {
        attempts.observe({ provider, outcome }, milliseconds / 1_000)
        byApp.attemptEnded({ app, outcome })
      },
    },
  }
}
