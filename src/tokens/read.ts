import {
  type AccountEvent,
  type AccountState,
  effectiveMinValidity,
  type HeldToken,
  isUsable,
  type Resource,
  type Seen,
  type TokenRejected,
  type TokenRequested,
  tokenFor,
  unmetWishes,
  verdictFor,
  type Want,
} from '../../machines/index.ts'
import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import { appendFields } from '../common/append-fields.ts'
import type { Fill } from '../common/cache-fill.ts'
import { type ClusterClock, strange } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import { createSharedLoad } from '../common/shared-load.ts'
import type { Timers } from '../common/timers.ts'
import { fail, ok } from '../contract/failures.ts'
import type { TokenReject, TokenWant } from '../contract/requests.ts'
import type { TokenResult } from '../contract/tokenbus.ts'
import { NewerForm } from '../redis/newer-form.ts'
import { StorageUnavailable, sentenceOf } from '../redis/storage-unavailable.ts'
import type { TokenCache } from './cache.ts'
import { failureOf } from './failure.ts'
import { tokenReply } from './reply.ts'
import type { Waiting } from './waiters.ts'

export interface TokenReadsOptions {
  readonly accounts: Accounts
  readonly cache: TokenCache
  readonly clock: Pick<ClusterClock, 'now' | 'expiryTime'>
  readonly waiting: Waiting<LoadedAccount>
  /** Patience is measured by it: the cluster's time may jump when it is next heard of. */
  readonly timers: Pick<Timers, 'elapsed'>
  readonly observer: Pick<Observer, 'served' | 'coalesced'>
  /** For an account that waits for its app: refreshes it at once where that may be, else answers null. */
  hurry(account: string, loaded: LoadedAccount): Promise<LoadedAccount | null>
}

/** Callers with NATS's usual time-out of 5 s are to hear it from us. */
const patience = 4_000
/** Should a wake-up be lost, look again this often. */
const lookAgainAfter = 1_000
/** What a caller without a wish gets at most. */
const usualValidity = 30_000

/** Answers `token.get` and `token.reject`: from memory, from Redis, or after the refresh that everybody shares. */
export function createTokenReads(options: TokenReadsOptions) {
  const { accounts, cache, clock, waiting, timers, observer } = options
  const underWay = new Map<string, Promise<TokenResult>>()
  const seenOf = ({ snapshot, at }: LoadedAccount): Seen => ({
    state: snapshot.value as AccountState,
    context: snapshot.context,
    at,
    expiryTime: Math.max(at, clock.expiryTime()),
  })
  const isAlive = (loaded: LoadedAccount, resource: Resource | null) =>
    isUsable(seenOf(loaded), { minValidity: 0, resource })
  const load = createSharedLoad((account) => accounts.load(account))
  const loadAsUsed = createSharedLoad((account) => accounts.load(account, { markUsed: true }))

  function share(key: string, read: () => Promise<TokenResult>): Promise<TokenResult> {
    const shared = underWay.get(key)
    if (shared !== undefined) {
      void shared.then(noteShared, () => undefined)
      return shared
    }
    const reading = read().finally(() => underWay.delete(key))
    underWay.set(key, reading)
    return reading
  }

  function noteShared({ renewed }: TokenResult): void {
    if (renewed) observer.coalesced()
  }

  function reply(
    account: string,
    loaded: LoadedAccount,
    { want, fill = null, found = Number.POSITIVE_INFINITY, started = false }: Replying,
  ): TokenResult {
    const seen = seenOf(loaded)
    const { context, at } = seen
    const { resource } = want
    const bytes = tokenReply({
      account,
      context,
      version: loaded.record.version,
      resource,
      tokens: accounts.openCurrent(account, loaded.record),
    })
    const { generation, expiresAt, refreshAt, ...token } = tokenFor(context, resource) as HeldToken
    const renewed = generation > found
    if (renewed && !started) observer.coalesced()
    observer.served(expiresAt - at, renewed ? 'refresh' : 'storage')
    if (fill !== null) {
      const lasts = expiresAt - effectiveMinValidity({ ...token, expiresAt }, null)
      // Nothing but a request refreshes a second token: from its soft deadline on each has to be seen.
      const servedUntil = resource === null ? lasts : Math.min(lasts, refreshAt)
      cache.endFill(fill, { bytes, generation, expiresAt, servedUntil, filledAt: at }, resource?.key)
    }
    const unmet = unmetWishes(seen, want)
    // What is cached is shared, and says nothing about the wish of one caller.
    return { ...ok(unmet === undefined ? bytes : appendFields(bytes, unmet)), renewed }
  }

  /** Answers at once what can be answered, else lets the machine see the event and waits for what comes of it. */
  async function answer(
    account: string,
    asked: Want & { event: (first: boolean) => EventWish },
  ): Promise<TokenResult> {
    const { resource } = asked
    // Registered before the load: a refresh that ends in between still wakes us.
    const waiter = waiting.register(account)
    const deadline = timers.elapsed() + patience
    let want = asked
    try {
      let news: LoadedAccount | undefined
      let found = Number.POSITIVE_INFINITY
      let started = false
      for (let first = true; ; first = false) {
        const fill = cache.beginFill(account)
        try {
          const loaded = news ?? (await (resource === null ? loadAsUsed : load)(account))
          const wish = want.event(first)
          const generation = tokenFor(loaded.snapshot.context, resource)?.generation ?? 0
          found = Math.min(found, generation)
          // A forced request waits for what is newer than it found.
          if (wish.type === 'token.requested' && wish.force) {
            want = { ...want, newerThan: wish.ifGeneration ?? generation }
          }
          const decide = ({ at, eventId: id }: AccountMeeting) => ({
            event: { ...wish, at, id } as AccountEvent,
          })
          const starts = loaded.snapshot.can(decide({ ...loaded, eventId: '' }).event)
          const mustRefresh = want.rejected !== undefined || (wish.type === 'token.requested' && wish.force)
          if (!mustRefresh && isUsable(seenOf(loaded), want)) {
            // Nobody with a usable token waits; what its request sets off goes on behind it.
            if (starts) accounts.receive(account, decide, loaded).catch(() => undefined)
            return reply(account, loaded, { want, fill: starts || news ? null : fill, found, started })
          }
          started ||= starts
          let after = starts
            ? await accounts.receive(account, decide, loaded).catch((error: unknown) => {
                if (error instanceof NewerForm && want.rejected === undefined && isAlive(loaded, resource))
                  return loaded
                throw error
              })
            : loaded
          let verdict = verdictFor(seenOf(after), want)
          const hurried =
            first && verdict.kind === 'client_secret_expired' ? await options.hurry(account, after) : null
          if (hurried !== null) {
            started = true
            after = hurried
            verdict = verdictFor(seenOf(after), want)
          }
          if (verdict.kind === 'token') return reply(account, after, { want, found, started })
          if (verdict.kind !== 'wait') return failureOf(account, seenOf(after), verdict)
          if (timers.elapsed() >= deadline) return outOfPatience(account, after, want)
        } finally {
          cache.endFill(fill, null)
        }
        news = await waiter.next(Math.max(1, Math.min(lookAgainAfter, deadline - timers.elapsed())))
      }
    } catch (error) {
      if (!(error instanceof StorageUnavailable || error instanceof NewerForm)) throw error
      const known =
        want.rejected === undefined
          ? cache.readUnchecked(account, want.minValidity, resource?.key)
          : undefined
      if (known === undefined) {
        if (error instanceof NewerForm) throw error
        return fail('storage_unavailable', sentenceOf(error.why), { account, retryAfter: 1 })
      }
      const { bytes, generation } = known
      return ok(generation > (want.newerThan ?? -1) ? bytes : appendFields(bytes, { refreshed: false }))
    } finally {
      waiter.leave()
    }
  }

  function outOfPatience(account: string, loaded: LoadedAccount, want: Want): TokenResult {
    const seen = seenOf(loaded)
    if (isAlive(loaded, want.resource)) return reply(account, loaded, { want })
    return fail('refresh_timeout', 'the refresh is still under way', {
      account,
      state: seen.state,
      retryAfter: 1,
    })
  }

  /** Where this machine's clock is far ahead, a token is replaced so much earlier than the cluster's time would have it. */
  function withDoubt(minValidity: number | null): number | null {
    const early = clock.expiryTime() - clock.now()
    return early > strange ? (minValidity ?? usualValidity) + early : minValidity
  }

  return {
    get(
      account: string,
      { minValidity, forceRefresh = false, ifGeneration, scopes }: TokenWant,
    ): Promise<TokenResult> {
      const wanted = minValidity === undefined ? null : minValidity * 1_000
      const resource = resourceOf(scopes)
      if (!forceRefresh) {
        const bytes = cache.read(account, wanted, resource?.key)
        if (bytes !== undefined) return Promise.resolve(ok(bytes))
      }
      return share(JSON.stringify([wanted, forceRefresh, ifGeneration, account, resource?.key]), () =>
        answer(account, {
          minValidity: wanted,
          ...(forceRefresh && { newerThan: ifGeneration ?? Number.POSITIVE_INFINITY }),
          resource,
          event: (first) => ({
            type: 'token.requested',
            minValidity: withDoubt(wanted),
            force: forceRefresh && first,
            ifGeneration: ifGeneration ?? null,
            resource,
          }),
        }),
      )
    },
    reject(account: string, { generation, claims, scopes }: TokenReject): Promise<TokenResult> {
      cache.drop(account)
      const resource = resourceOf(scopes)
      return share(JSON.stringify(['reject', generation, account, resource?.key]), () =>
        answer(account, {
          minValidity: null,
          rejected: generation,
          newerThan: generation,
          resource,
          event: () => ({ type: 'token.rejected', generation, claims: claims ?? null, resource }),
        }),
      )
    },
  }
}

interface Replying {
  readonly want: Want
  /** Null where what was read may be older than what is saved now. */
  readonly fill?: Fill | null
  /** The generation that was there when the caller came. */
  readonly found?: number
  /** This caller set off a refresh. */
  readonly started?: boolean
}

type EventWish = Omit<TokenRequested, 'at' | 'id'> | Omit<TokenRejected, 'at' | 'id'>

/** The same scopes in any order are the same resource. */
function resourceOf(scopes: readonly string[] | undefined): Resource | null {
  if (scopes === undefined) return null
  const sorted = [...new Set(scopes)].sort()
  return { key: sorted.join(' '), scopes: sorted }
}
