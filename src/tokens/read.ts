import { isUsable, servingDecision } from '../../machines/index.ts'
import type { Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { EnabledApps } from '../actors/enabled-apps.ts'
import type { Fill } from '../common/cache-fill.ts'
import { type ClusterClock, maxClockSkew } from '../common/cluster-clock.ts'
import type { Observer } from '../common/observer.ts'
import type { Secret } from '../common/secret.ts'
import { createSharedLoad } from '../common/shared-load.ts'
import type { Timers } from '../common/timers.ts'
import { appDisabled, ok } from '../contract/failures.ts'
import type { TokenReject, TokenWant } from '../contract/token.ts'
import type { TokenResult } from '../contract/tokenbus.ts'
import { NewerForm } from '../redis/newer-form.ts'
import type { TokenCache } from './cache.ts'
import { failureOf } from './failure.ts'
import { type Asked, type Inquiry, newInquiry, type Request, requestOf, resourceOf } from './inquiry.ts'
import { createServe } from './serve.ts'
import type { Waiter, Waiting } from './waiters.ts'

export interface TokenReadsOptions {
  readonly accounts: Accounts
  readonly enabledApps: Pick<EnabledApps, 'markOf'>
  readonly cache: TokenCache
  readonly clock: Pick<ClusterClock, 'now' | 'expiryTime'>
  readonly waiting: Waiting<LoadedAccount>
  /** Measures the time-out: the cluster's clock may jump when it is synchronised. */
  readonly timers: Pick<Timers, 'elapsed'>
  readonly observer: Pick<Observer, 'served' | 'coalesced'>
  /** For an account that waits for its app: refreshes it at once if possible, else resolves with null. */
  refreshEarly(account: string, loaded: LoadedAccount): Promise<LoadedAccount | null>
  /** For a caller that brings a token to exchange. */
  exchange(account: string, want: TokenWant & { readonly subjectToken: Secret }): Promise<TokenResult>
}

export interface TokenReads {
  get(account: string, want: TokenWant): Promise<TokenResult>
  reject(account: string, report: TokenReject): Promise<TokenResult>
}

/** Milliseconds; less than the 5 s after which NATS clients give up by default. */
const replyWithin = 4_000
/** Milliseconds between reloads, in case a wake-up is lost. */
const lookAgainAfter = 1_000
/** Milliseconds: the largest default minimum validity. */
const usualValidity = 30_000

/** Answers `token.get` and `token.reject`: from memory, from Redis, or after a single-flight refresh. */
export function createTokenReads(options: TokenReadsOptions): TokenReads {
  const { accounts, cache, clock, waiting, timers, observer } = options
  const serve = createServe(options)
  const inFlight = new Map<string, Promise<TokenResult>>()
  const load = createSharedLoad((account) => accounts.load(account))
  const loadAsUsed = createSharedLoad((account) => accounts.load(account, { markUsed: true }))
  const loadFor = ({ resource }: Asked) => (resource === null ? loadAsUsed : load)

  /** Loop: try to serve, ask for a refresh, wait for a change. */
  async function answer(account: string, asked: Asked): Promise<TokenResult> {
    // Register before the load: a refresh that ends in between still wakes this caller.
    const waiter = waiting.register(account)
    const deadline = timers.elapsed() + replyWithin
    const inquiry = newInquiry(account, asked)
    let changed: LoadedAccount | undefined
    try {
      for (;;) {
        const answered = await answerNow(inquiry, changed, deadline)
        if (answered !== null) return answered
        do changed = await waitForChange(waiter, deadline)
        while (changed !== undefined && changed === inquiry.latest)
        inquiry.first = false
      }
    } catch (error) {
      return serve.lastKnown(inquiry, error)
    } finally {
      waiter.leave()
    }
  }

  /** Null if a refresh is in flight, and there is time to wait for it. */
  async function answerNow(
    inquiry: Inquiry,
    changed: LoadedAccount | undefined,
    deadline: number,
  ): Promise<TokenResult | null> {
    const { account, asked } = inquiry
    const fill = cache.beginFill(account)
    try {
      const loaded = changed ?? (await loadFor(asked)(account))
      if (await isDisabled(inquiry, loaded)) return appDisabled({ account, state: serve.seen(loaded).state })
      const request = requestOf(inquiry, loaded)
      const served = tryToServe(inquiry, loaded, request, changed === undefined ? fill : null)
      if (served !== null) return served
      const after = await askForRefresh(inquiry, loaded, request)
      inquiry.latest = after
      const decision = servingDecision(serve.seen(after), inquiry.want)
      if (decision.kind === 'token') return serve.token(inquiry, after, null)
      if (decision.kind !== 'wait') return failureOf(account, serve.seen(after), decision)
      return timers.elapsed() >= deadline ? serve.outOfPatience(inquiry, after) : null
    } finally {
      cache.endFill(fill, null)
    }
  }

  async function isDisabled(inquiry: Inquiry, { snapshot: { context } }: LoadedAccount): Promise<boolean> {
    if (context.grantId === null) return false
    const mark = await options.enabledApps.markOf(context.app)
    if (mark !== null) inquiry.app = mark
    return mark === null
  }

  /** Serves a usable token without waiting; a refresh started by the request runs in the background. */
  function tryToServe(
    inquiry: Inquiry,
    loaded: LoadedAccount,
    { decide, starts, mustRefresh }: Request,
    fill: Fill | null,
  ): TokenResult | null {
    if (mustRefresh || !isUsable(serve.seen(loaded), inquiry.want)) return null
    if (starts) accounts.receive(inquiry.account, decide, loaded).catch(() => undefined)
    return serve.token(inquiry, loaded, starts ? null : fill)
  }

  /** Sends the request to the machine; returns the account afterwards. */
  async function askForRefresh(
    inquiry: Inquiry,
    loaded: LoadedAccount,
    { decide, starts }: Request,
  ): Promise<LoadedAccount> {
    const { account, want, first } = inquiry
    inquiry.started ||= starts
    const after = starts
      ? await accounts.receive(account, decide, loaded).catch((error: unknown) => {
          // Only newer nodes can refresh it, but its current token can be served.
          const isServed = want.rejected === undefined && serve.isAlive(loaded, want.resource)
          if (error instanceof NewerForm && isServed) return loaded
          throw error
        })
      : loaded
    if (!first || servingDecision(serve.seen(after), want).kind !== 'client_secret_expired') return after
    const refreshed = await options.refreshEarly(account, after)
    inquiry.started ||= refreshed !== null
    return refreshed ?? after
  }

  function waitForChange(
    waiter: Waiter<LoadedAccount>,
    deadline: number,
  ): Promise<LoadedAccount | undefined> {
    return waiter.next(Math.max(1, Math.min(lookAgainAfter, deadline - timers.elapsed())))
  }

  /** Single flight: equal requests share one reply. */
  function share(key: string, read: () => Promise<TokenResult>): Promise<TokenResult> {
    const shared = inFlight.get(key)
    if (shared !== undefined) {
      void shared.then(noteShared, () => undefined)
      return shared
    }
    const reading = read().finally(() => inFlight.delete(key))
    inFlight.set(key, reading)
    return reading
  }

  function noteShared({ renewed }: TokenResult): void {
    if (renewed) observer.coalesced()
  }

  /** If this machine's clock is far ahead of the cluster's, refreshes earlier by the difference. */
  function withDoubt(minValidity: number | null): number | null {
    const early = clock.expiryTime() - clock.now()
    return early > maxClockSkew ? (minValidity ?? usualValidity) + early : minValidity
  }

  return {
    get(account, want) {
      const { minValidity, forceRefresh = false, ifGeneration, scopes, subjectToken } = want
      if (subjectToken !== undefined) return options.exchange(account, { ...want, subjectToken })
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
    reject(account, { generation, claims, scopes }) {
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
