import type { Logger } from 'pino'
import { type Accounts, createAccounts, type LoadedAccount } from '../actors/account-actor.ts'
import { type Apps, createApps } from '../actors/app-actor.ts'
import { createEnabledApps, type EnabledApps } from '../actors/enabled-apps.ts'
import { createNewerForms } from '../actors/newer-forms.ts'
import { createOperatorLog } from '../actors/operator-log.ts'
import { createSealedTokens } from '../actors/sealed-tokens.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { createEventFlow, type EventFlow } from '../common/event-flow.ts'
import { type Observer, unobserved } from '../common/observer.ts'
import type { Secret } from '../common/secret.ts'
import { realTimers, type Timers } from '../common/timers.ts'
import type { Change } from '../events/changes.ts'
import { createOutbox, type Outbox } from '../events/outbox.ts'
import type { Publisher } from '../events/publisher.ts'
import { createUnannouncedSaves, type UnannouncedSaves } from '../events/unannounced-saves.ts'
import type { Provider } from '../provider/provider.ts'
import type { LeftEntries, Records, Ref, StoredRecord } from '../redis/records.ts'
import type { SaveToConfirm } from '../redis/save-confirmation.ts'
import type { Sealer } from '../redis/seal.ts'
import { createAnswers } from '../refresh/answers.ts'
import { createAppCommands } from '../refresh/app-commands.ts'
import type { ArrivedAnswers } from '../refresh/arrived-answers.ts'
import type { Attempts } from '../refresh/attempts.ts'
import { createExchange } from '../refresh/exchange.ts'
import type { PendingAnswers } from '../refresh/pending-answers.ts'
import { createRefreshing } from '../refresh/refreshing.ts'
import type { Spool } from '../refresh/spool.ts'
import { createWaker, type Waker } from '../refresh/waker.ts'
import { createTokenCache, type TokenCache } from '../tokens/cache.ts'
import { createTokenReads, type TokenReads } from '../tokens/read.ts'
import { createWaiting, type Waiting } from '../tokens/waiters.ts'
import { createInvalidation, type Invalidation } from './invalidation.ts'

export interface HostOptions {
  readonly records: Records
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'>
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
  readonly publisher: Pick<Publisher, 'publish' | 'alreadyThere' | 'connected'>
  /** Announces a save to all nodes on core NATS. */
  announce(change: Change): void
  /** True if announcements can be sent; by default if events can. */
  readonly announcing?: () => boolean
  readonly provider: Pick<Provider, 'refreshToken'>
  readonly clock: ClusterClock
  /** The schema number of stored snapshots; the newest by default. */
  readonly snapshotSchema?: () => number
  readonly partitions: number
  readonly spool: Spool
  readonly timers?: Timers
  readonly logger: Logger
  readonly observer?: Observer
  /** Maximum number of cached replies. */
  readonly cachedTokens?: number
  /** Maximum megabytes of cached replies. */
  readonly cacheMb?: number
  /** With replicas: false if none has the account's last save yet. */
  confirmSave(save: SaveToConfirm): Promise<boolean>
}

const attemptsPerNode = 128

export interface Host {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly enabledApps: EnabledApps
  readonly attempts: Attempts
  readonly cache: TokenCache
  readonly pendingAnswers: PendingAnswers
  readonly arrivedAnswers: ArrivedAnswers
  readonly unannouncedSaves: UnannouncedSaves
  readonly outbox: Outbox
  readonly flow: EventFlow
  readonly reads: TokenReads
  readonly waiting: Waiting<LoadedAccount>
  readonly waker: Waker
  readonly invalidation: Invalidation
  /** Redis was reconnected or failed over, and may have lost saves: pending answers are stored first. */
  storageBack(): void
}

/** Wires the account and app actors to Redis, the bus and the provider. One per node. */
export function createHost(options: HostOptions): Host {
  const { records, sealer, fingerprint, publisher, announce, provider, clock, partitions, logger } = options
  const { spool, timers = realTimers, observer = unobserved, cachedTokens, snapshotSchema } = options
  const sealed = createSealedTokens(sealer)
  const cache = createTokenCache({
    clock,
    observer,
    ...(cachedTokens && { max: cachedTokens }),
    ...(options.cacheMb && { megabytes: options.cacheMb }),
  })
  const waiting = createWaiting<LoadedAccount>(timers)
  const flow = createEventFlow(timers)
  const operatorLog = createOperatorLog({ logger, timers, observer })
  const shared = { records, clock, partitions, timers, logger, announce: announceLeft }
  const outbox = createOutbox({ ...shared, publisher, flow, observer })
  const connected = options.announcing ?? publisher.connected
  const unannouncedSaves = createUnannouncedSaves({ ...shared, connected })

  const confirmed = (id: string, { saveId }: StoredRecord) =>
    options.confirmSave({ ref: { kind: 'account', id }, saveId: saveId as string })

  /** The save of a node that may have crashed; this node may have missed it too. */
  function announceLeft(change: Change): void {
    announce(change)
    invalidation.changed({ ...change, version: () => change.version })
  }

  function announceSave(ref: Ref, { version, saveId }: StoredRecord, left: LeftEntries | undefined): void {
    announce({ ...ref, version, save: saveId })
    outbox.saved(ref, left)
  }

  const newerForms = createNewerForms({ logger, observer })

  const accounts = createAccounts({
    records,
    clock,
    newerForms,
    snapshotSchema,
    sealed,
    fingerprint,
    beforeSave: (account) => cache.drop(account),
    afterSave(account, saved, left) {
      cache.drop(account)
      waiting.wake(account, saved)
      attempts.superseded(account, saved.record.version)
      announceSave({ kind: 'account', id: account }, saved.record, left)
      if (saved.snapshot.context.grantId === null)
        background('answers of a removed account were not deleted', () => arrivedAnswers.forget(account))
    },
    send: (request) => attempts.start(request),
    isEnabled: (app) => enabledApps.isEnabled(app),
    onAnnounced: operatorLog.announced,
    onLostSave(account) {
      observer.lostSave()
      logger.debug({ account }, 'another node saved first; the event is applied again')
    },
  })

  const apps = createApps({
    records,
    clock,
    newerForms,
    snapshotSchema,
    sealer,
    afterSave(id, record, left) {
      enabledApps.changed(id, record)
      announceSave({ kind: 'app', id }, record, left)
    },
    onChange: operatorLog.appChanged,
    perform: (app, command) => background(`${command.type} not done`, () => perform(app, command)),
  })

  const enabledApps = createEnabledApps({ apps, timers })

  const { pendingAnswers, arrivedAnswers } = createAnswers({
    records,
    accounts,
    sealer,
    sealed,
    spool,
    timers,
    logger,
    observer,
    confirmed,
  })

  const { attempts, waitingForApp } = createRefreshing({
    accounts,
    apps,
    provider,
    clock,
    timers,
    logger,
    observer,
    operatorLog,
    storeAnswer: pendingAnswers.store,
    maySend: arrivedAnswers.storeKept,
    confirmIntent: ({ account, saved }) => confirmed(account, saved.record),
  })

  const perform = createAppCommands({ apps, accounts, attempts, provider, clock, records, partitions })

  const reads = createTokenReads({
    accounts,
    enabledApps,
    cache,
    clock,
    waiting,
    timers,
    observer,
    refreshEarly: waitingForApp.refreshEarly,
    exchange: createExchange({ accounts, apps, attempts, provider, clock }),
  })

  const waker = createWaker({
    records,
    accounts,
    apps,
    clock,
    partitions,
    timers,
    logger,
    freeSlots: () => attemptsPerNode - attempts.size(),
    reserveSlot: attempts.reserveSlot,
    isEnabled: enabledApps.isEnabled,
    wakeIfAppWorks: waitingForApp.wakeIfAppWorks,
    storeKept: arrivedAnswers.storeKept,
  })

  const invalidation = createInvalidation({ apps, enabledApps, cache, waiting, attempts })

  function background(violation: string, job: () => Promise<void>): void {
    job().catch((error) => logger.warn({ err: error }, violation))
  }

  return {
    accounts,
    apps,
    enabledApps,
    attempts,
    cache,
    pendingAnswers,
    arrivedAnswers,
    unannouncedSaves,
    outbox,
    flow,
    reads,
    waiting,
    waker,
    invalidation,
    storageBack() {
      waker.pause(5_000)
      invalidation.forgetAll()
      unannouncedSaves.startOver()
      background('pending answers were not delivered again', pendingAnswers.redeliver)
    },
  }
}
