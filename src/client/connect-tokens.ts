import { connectNats } from '../bus/connect.ts'
import type { Fill } from '../common/cache-fill.ts'
import { createAsk, type Verb } from './ask.ts'
import { subscribeToEvents } from './event-subscriptions.ts'
import { fetchWithToken } from './fetch-with-token.ts'
import { createLink } from './link.ts'
import { createLocalCache, type TokenKey } from './local-cache.ts'
import type { ConnectTokensOptions, Token, TokenEvents, Tokens } from './tokens.ts'
import { TokensError } from './tokens-error.ts'

type Handlers = { [K in keyof TokenEvents]: Set<(event: TokenEvents[K]) => unknown> }

/**
 * Connects to NATS; once connected, it reconnects without limit.
 *
 * @throws TokensError of `code` `unreachable`
 * @example
 * ```ts
 * await using tokens = await connectTokens({ servers: 'nats://consumer:password@127.0.0.1:4222' })
 * ```
 */
export async function connectTokens({
  servers,
  creds,
  ...connection
}: ConnectTokensOptions): Promise<Tokens> {
  const cache = createLocalCache()
  const link = createLink()
  const nats = await connectNats({
    url: [servers].flat().join(','),
    ...(creds !== undefined && { creds }),
    name: 'tokenbus client',
    connection: { noAsyncTraces: true, ...connection },
    onDisconnect() {
      cache.suspend()
      link.wentDown()
    },
    onReconnect() {
      cache.resume()
      link.cameUp()
    },
  }).catch((cause: Error) => {
    throw new TokensError({ error: 'unreachable', message: cause.message }, { cause })
  })
  void nats.closed().then(() => {
    cache.suspend()
    // Pending requests wake up, find the connection closed, and reject with `closed`.
    link.wentDown()
    link.cameUp()
  })

  /** Requests in flight, by account, then by verb and payload. */
  const inFlight = new Map<string, Map<string, InFlight>>()
  const handlers: Handlers = { refreshed: new Set(), invalid: new Set() }
  const subscriptions = await subscribeToEvents({
    nats,
    onChange(account, change) {
      cache.invalidate(account, change)
      inFlight.delete(account)
    },
    onEvent(event) {
      if (event.type === 'token.refreshed') call(handlers.refreshed, event)
      if (event.type === 'token.invalid') call(handlers.invalid, event)
    },
    onRefused: cache.drop,
  })

  const ask = createAsk({ nats, link })

  /**
   * Single flight: equal requests share one reply, unless the account was invalidated since the first was sent. A reply is
   * cached only if its generation is higher than `newerThan`.
   */
  function share(verb: Verb, { account, scope }: TokenKey, asked: object, newerThan = -1): Promise<Token> {
    const payload = { ...asked, ...(scope !== undefined && { scopes: scope.split(' ') }) }
    const key = `${verb} ${JSON.stringify(payload)}`
    const shared = inFlight.get(account)?.get(key)
    if (shared !== undefined && !shared.fill.stale) return shared.asking
    if (verb === 'token.reject') cache.drop(account)
    const fill = cache.beginFill(account)
    const asking = askAndKeep({ fill, verb, payload, newerThan, scope }).finally(() => {
      if (equal.get(key)?.fill === fill) equal.delete(key)
      if (equal.size === 0 && inFlight.get(account) === equal) inFlight.delete(account)
    })
    const equal = inFlight.get(account) ?? new Map<string, InFlight>()
    inFlight.set(account, equal.set(key, { asking, fill }))
    return asking
  }

  async function askAndKeep({ fill, verb, payload, newerThan, scope }: Asking): Promise<Token> {
    const { account } = fill
    try {
      subscriptions.follow(account)
      const token = await ask(verb, account, payload)
      if (token.generation > newerThan && !subscriptions.cannotFollow(account))
        cache.endFill(fill, withoutRequestFlags(token), scope)
      return token
    } finally {
      cache.endFill(fill, null)
    }
  }

  const tokens: Tokens = {
    get(account, { minValidity, forceRefresh = false, scopes, subjectToken, subjectTokenType } = {}) {
      if (subjectToken !== undefined)
        return ask('token.get', account, { subjectToken, subjectTokenType, ...(scopes && { scopes }) })
      const tokenKey = { account, scope: scopeOf(scopes) }
      const known = forceRefresh ? undefined : cache.read(tokenKey, minValidity)
      return known ?? share('token.get', tokenKey, { minValidity, ...(forceRefresh && { forceRefresh }) })
    },
    reject(account, { generation, claims, scopes }) {
      const tokenKey = { account, scope: scopeOf(scopes) }
      const newer = cache.newerThan(tokenKey, generation)
      if (newer !== undefined) return newer
      return share('token.reject', tokenKey, { generation, claims }, generation)
    },
    fetch: (account, input, { scopes, ...init } = {}) =>
      fetchWithToken({ tokens, account, scopes, input, init }),
    on(event, handler) {
      handlers[event].add(handler)
      return () => void handlers[event].delete(handler)
    },
    close: () => nats.close(),
    [Symbol.asyncDispose]: () => nats.close(),
  }
  return tokens
}

interface InFlight {
  readonly asking: Promise<Token>
  readonly fill: Fill
}

interface Asking {
  readonly fill: Fill
  readonly verb: Verb
  readonly payload: object
  readonly newerThan: number
  readonly scope: string | undefined
}

/** `minValidityMet` and `refreshed` describe one caller's request; other callers share the cached token. */
function withoutRequestFlags(token: Token): Token {
  if (token.minValidityMet === undefined && token.refreshed === undefined) return token
  const { minValidityMet: _, refreshed: __, ...rest } = token
  return Object.freeze(rest)
}

/** The order of scopes has no meaning (RFC 6749 §3.3). */
function scopeOf(scopes: readonly string[] | undefined): string | undefined {
  return scopes && [...new Set(scopes)].sort().join(' ')
}

/** Deferred: a throw inside the NATS callback would end the connection's read loop. */
function call<T>(handlers: Set<(event: T) => unknown>, event: T): void {
  for (const handler of handlers) void Promise.resolve(event).then(handler)
}
