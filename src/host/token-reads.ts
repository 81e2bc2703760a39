import { randomUUID } from 'node:crypto'
import {
  type AccountContext,
  type AccountEvent,
  type AccountState,
  effectiveMinValidity,
  isUsable,
  type Verdict,
  verdictFor,
  type Want,
} from '../../machines/index.ts'
import type { TokenResult } from '../api.ts'
import { fail, ok, type Result } from '../failures.ts'
import type { Fill } from '../fills.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import type { TokenReject, TokenWant } from '../schemas.ts'
import type { Timers } from '../timers.ts'
import type { Accounts, LoadedAccount } from './accounts.ts'
import type { Observer } from './observer.ts'
import type { TokenCache } from './token-cache.ts'
import { tokenReply } from './token-reply.ts'
import type { Waiting } from './waiting.ts'

export interface TokenReadsOptions {
  readonly accounts: Accounts
  readonly cache: TokenCache
  readonly waiting: Waiting<LoadedAccount>
  /** Patience is measured by it: the cluster's time may jump when it is next heard of. */
  readonly timers: Pick<Timers, 'elapsed'>
  readonly observer: Pick<Observer, 'served' | 'coalesced'>
}

type Seen = { readonly state: AccountState; readonly context: AccountContext; readonly at: number }

/** Callers with NATS's usual time-out of 5 s are to hear it from us. */
const patience = 4_000
/** Should a wake-up be lost, look again this often. */
const lookAgainAfter = 1_000

const seenOf = ({ snapshot, at }: LoadedAccount): Seen => ({
  state: snapshot.value as AccountState,
  context: snapshot.context,
  at,
})

/** Answers `token.get` and `token.reject`: from memory, from Redis, or after the refresh that everybody shares. */
export function createTokenReads({ accounts, cache, waiting, timers, observer }: TokenReadsOptions) {
  const underWay = new Map<string, Promise<TokenResult>>()

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
    { fill = null, found = Number.POSITIVE_INFINITY, started = false }: Replying,
  ): TokenResult {
    const { context, at } = seenOf(loaded)
    const renewed = context.generation > found
    if (renewed && !started) observer.coalesced()
    observer.served(context.expiresAt - at, renewed ? 'refresh' : 'storage')
    const bytes = tokenReply({ account, context, tokens: accounts.openCurrent(account, loaded.record) })
    if (fill !== null) {
      const servedUntil = context.expiresAt - effectiveMinValidity(context, null)
      const { generation, expiresAt } = context
      cache.endFill(fill, { bytes, generation, expiresAt, servedUntil, filledAt: at })
    }
    return { ...ok(bytes), renewed }
  }

  /** Answers at once what can be answered, else lets the machine see the event and waits for what comes of it. */
  async function answer(
    account: string,
    asked: Want & { event: (first: boolean) => EventWish },
  ): Promise<TokenResult> {
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
          const loaded = news ?? (await accounts.load(account, { markUsed: true }))
          const wish = want.event(first)
          found = Math.min(found, loaded.snapshot.context.generation)
          // A forced request waits for what is newer than it found.
          if (wish.type === 'token.requested' && wish.force) {
            want = { ...want, newerThan: wish.ifGeneration ?? loaded.snapshot.context.generation }
          }
          const decide = ({ at }: LoadedAccount) => ({
            event: { ...wish, at, id: randomUUID() } as AccountEvent,
          })
          const starts = loaded.snapshot.can(decide(loaded).event)
          const seen = seenOf(loaded)
          const mustRefresh = want.rejected !== undefined || (wish.type === 'token.requested' && wish.force)
          if (
            !mustRefresh &&
            isUsable(seen, want.minValidity) &&
            seen.context.generation > (want.newerThan ?? -1)
          ) {
            // Nobody with a usable token waits; what its request sets off goes on behind it.
            if (starts) accounts.receive(account, decide, loaded).catch(() => undefined)
            return reply(account, loaded, { fill: starts || news ? null : fill, found, started })
          }
          started ||= starts
          const after = starts ? await accounts.receive(account, decide, loaded) : loaded
          const verdict = verdictFor(seenOf(after), want)
          if (verdict.kind === 'token') return reply(account, after, { found, started })
          if (verdict.kind !== 'wait') return failureOf(account, seenOf(after), verdict)
          if (timers.elapsed() >= deadline) return outOfPatience(account, after)
        } finally {
          cache.endFill(fill, null)
        }
        news = await waiter.next(Math.max(1, Math.min(lookAgainAfter, deadline - timers.elapsed())))
      }
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
      const bytes = want.rejected === undefined ? cache.readUnchecked(account, want.minValidity) : undefined
      if (bytes !== undefined) return ok(bytes)
      return fail('storage_unavailable', 'the storage cannot be reached', { account, retryAfter: 1 })
    } finally {
      waiter.leave()
    }
  }

  function outOfPatience(account: string, loaded: LoadedAccount): TokenResult {
    const seen = seenOf(loaded)
    if (isUsable(seen, 0)) return reply(account, loaded, {})
    return fail('refresh_timeout', 'the refresh is still under way', {
      account,
      state: seen.state,
      retryAfter: 1,
    })
  }

  return {
    get(
      account: string,
      { minValidity, forceRefresh = false, ifGeneration }: TokenWant,
    ): Promise<TokenResult> {
      const wanted = minValidity === undefined ? null : minValidity * 1_000
      if (!forceRefresh) {
        const bytes = cache.read(account, wanted)
        if (bytes !== undefined) return Promise.resolve(ok(bytes))
      }
      return share(`${wanted},${forceRefresh},${ifGeneration},${account}`, () =>
        answer(account, {
          minValidity: wanted,
          event: (first) => ({
            type: 'token.requested',
            minValidity: wanted,
            force: forceRefresh && first,
            ifGeneration: ifGeneration ?? null,
          }),
        }),
      )
    },
    reject(account: string, { generation, claims }: TokenReject): Promise<TokenResult> {
      cache.drop(account)
      return share(`reject,${generation},${account}`, () =>
        answer(account, {
          minValidity: null,
          rejected: generation,
          newerThan: generation,
          event: () => ({ type: 'token.rejected', generation, claims: claims ?? null }),
        }),
      )
    },
  }
}

interface Replying {
  /** Null where what was read may be older than what is saved now. */
  readonly fill?: Fill | null
  /** The generation that was there when the caller came. */
  readonly found?: number
  /** This caller set off a refresh. */
  readonly started?: boolean
}

type EventWish =
  | { type: 'token.requested'; minValidity: number | null; force: boolean; ifGeneration: number | null }
  | { type: 'token.rejected'; generation: number; claims: string | null }

function failureOf(
  account: string,
  { state, context }: Seen,
  verdict: Exclude<Verdict, { kind: 'token' } | { kind: 'wait' }>,
): Result<never> {
  const { reason, recoverable, action, providerError } = context.invalid ?? {}
  const why = {
    account,
    state,
    ...(reason && { reason }),
    ...(recoverable !== undefined && { recoverable }),
    ...(action && { action }),
    ...(providerError?.claims && { claims: providerError.claims }),
  }
  switch (verdict.kind) {
    case 'absent':
      return fail('account_not_found', 'there is no such account', { account })
    case 'grant_revoked':
      return fail('grant_revoked', 'the grant has ended', why)
    case 'client_secret_expired':
      return fail('client_secret_expired', "the provider rejects the app's credentials", why)
    case 'invalid_config':
      return fail('invalid_config', "the provider rejects the app's configuration", {
        ...why,
        ...(context.lastError && { reason: context.lastError.reason, action: context.lastError.action }),
      })
    case 'provider_unavailable':
      return fail('provider_unavailable', 'the provider cannot be reached', {
        ...why,
        ...(context.lastError && { reason: context.lastError.reason }),
        retryAfter: Math.max(1, Math.ceil(verdict.retryAfter / 1_000)),
      })
  }
}
