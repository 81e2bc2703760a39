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
  readonly observer: Omit<Observer, 'refreshEnded'>
  /** A record of this kind failed its integrity check. */
  tampered(kind: string): void
  /** Redis did not execute a command. */
  storageFailed(why: StorageTrouble): void
  /** Whether this node is ready, as in `/readyz`. */
  ready(well: boolean): void
  readonly requestRefused: (why: Refusal) => void
  readonly requestFailed: (failed: FailedRequest) => void
  readonly consentEnded: (outcome: string) => void
  readonly contentType: string
  text(): Promise<string>
}

/** The kinds of records stored with a MAC. */
const signedKinds = ['account', 'app', 'api-token', 'consent', 'setting']

/** The Prometheus metrics. Gauges describe the whole cluster and are equal on all nodes; counters and histograms are per node. */
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
  const ready = gauge('tokenbus_ready', '1 if this node is ready, as in /readyz; else 0.')
  const warnings = new Counter({
    name: 'tokenbus_warnings_total',
    help: 'Warnings published, by kind: grant-expiring, secret-expiring.',
    labelNames: ['kind'],
    registers,
  })
  for (const kind of ['grant-expiring', 'secret-expiring']) warnings.inc({ kind }, 0)
  const outboxEntries = gauge(
    'tokenbus_outbox_entries',
    'Events in the outbox, not yet stored in their stream.',
  )
  const deadEvents = gauge(
    'tokenbus_dead_events',
    'Dead letters: events that their stream rejects permanently.',
  )
  const outboxLag = gauge('tokenbus_outbox_lag_seconds', 'Age of the oldest event in the outbox.')
  const overdue = gauge('tokenbus_overdue_seconds', 'Delay of the most overdue wake-up.')
  const seals = gauge(
    'tokenbus_sealing_key_seals',
    'Encryptions with the current sealing key; rotate it before 2^32.',
  )
  const clockAhead = gauge(
    'tokenbus_clock_ahead_seconds',
    "How far the cluster's time is ahead of this machine's clock, or of Redis', whichever differs more.",
  )
  const coalesced = counter(
    'tokenbus_coalesced_total',
    'Callers answered by a refresh that another caller started.',
  )
  const lostSaves = counter(
    'tokenbus_lost_saves_total',
    'Saves that lost the compare-and-set to another one and were retried.',
  )
  const races = counter(
    'tokenbus_races_recovered_total',
    'invalid_grant refusals of a grant that had just been refreshed.',
  )
  const inDoubt = counter('tokenbus_attempts_in_doubt_total', 'Refresh attempts without an answer.')
  const setAside = counter('tokenbus_events_set_aside_total', 'Events that became dead letters.')
  const tampering = new Counter({
    name: 'tokenbus_tampering_total',
    help: 'Records that failed their integrity check and are not used, by kind.',
    labelNames: ['kind'],
    registers,
  })
  const storageFailures = new Counter({
    name: 'tokenbus_storage_failures_total',
    help: 'Commands that Redis did not execute, by reason: unreachable, full, read_only, disk, forbidden, lost.',
    labelNames: ['why'],
    registers,
  })
  const attempts = new Histogram({
    name: 'tokenbus_refresh_seconds',
    help: 'Refresh attempts by provider and outcome: succeeded, the class of the failure, kept, or untold.',
    labelNames: ['provider', 'outcome'],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 75],
    registers,
  })

  const consents = new Counter({
    name: 'tokenbus_consents_total',
    help: 'Finished consents: connected, or the error (see docs/errors.md).',
    labelNames: ['outcome'],
    registers,
  })
  consents.inc({ outcome: 'connected' }, 0)
  const refused = new Counter({
    name: 'tokenbus_requests_refused_total',
    help: 'Messages on request subjects that were dropped, by reason.',
    labelNames: ['why'],
    registers,
  })
  const byApp = countersByApp(registry)
  for (const why of storageTroubles) storageFailures.inc({ why }, 0)
  const unreadable = new Counter({
    name: 'tokenbus_unreadable_total',
    help: 'Records loaded that only newer nodes, or nodes with other sealing keys, can read, by kind.',
    labelNames: ['kind'],
    registers,
  })
  const kept = counter(
    'tokenbus_answers_kept_total',
    'Provider answers that could not be stored because of a bug; they are kept, encrypted, and stored later.',
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
      // Without Redis the gauges are removed, since outdated values would look current.
      accounts.reset()
      for (const each of [outboxEntries, deadEvents, outboxLag, overdue, seals]) each.remove()
    }
  }

  return {
    requestRefused: (why) => refused.inc({ why }),
    requestFailed: failedRequestCounter(registry),
    consentEnded: (outcome) => consents.inc({ outcome }),
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
