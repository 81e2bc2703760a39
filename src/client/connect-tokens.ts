import { connectNats } from '../bus/connect.ts'
import type { Fill } from '../common/cache-fill.ts'
import { createAsk, type Verb } from './ask.ts'
import { fetchWithToken } from './fetch-with-token.ts'
import { createLink } from './link.ts'
import { createLocalCache, type Held } from './local-cache.ts'
import { watchNews } from './news.ts'
import type { ConnectTokensOptions, Token, TokenEvents, Tokens } from './tokens.ts'
import { TokensError } from './tokens-error.ts'

type Handlers = { [K in keyof TokenEvents]: Set<(event: TokenEvents[K]) => unknown> }

/** Connects to the bus; from then on it reconnects for ever. Rejects with `TokensError` `unreachable`. */
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
    // Wakes pending calls, which then see that the connection is closed.
    link.wentDown()
    link.cameUp()
  })

  /** By account, then by question. */
  const underWay = new Map<string, Map<string, UnderWay>>()
  const handlers: Handlers = { refreshed: new Set(), invalid: new Set() }
  const news = await watchNews({
    nats,
    onChange(account, change) {
      cache.heard(account, change)
      underWay.delete(account)
    },
    onEvent(event) {
      if (event.type === 'token.refreshed') call(handlers.refreshed, event)
      if (event.type === 'token.invalid') call(handlers.invalid, event)
    },
    onDeaf: cache.drop,
  })

  const ask = createAsk({ nats, link })

  /** Equal questions are one, unless something happened in between; only an answer newer than `newerThan` is kept. */
  function share(verb: Verb, { account, scope }: Held, asked: object, newerThan = -1): Promise<Token> {
    const payload = { ...asked, ...(scope !== undefined && { scopes: scope.split(' ') }) }
    const key = `${verb} ${JSON.stringify(payload)}`
    const shared = underWay.get(account)?.get(key)
    if (shared !== undefined && !shared.fill.poisoned) return shared.asking
    if (verb === 'token.reject') cache.drop(account)
    const fill = cache.beginFill(account)
    const asking = askAndKeep({ fill, verb, payload, newerThan, scope }).finally(() => {
      if (equal.get(key)?.fill === fill) equal.delete(key)
      if (equal.size === 0 && underWay.get(account) === equal) underWay.delete(account)
    })
    const equal = underWay.get(account) ?? new Map<string, UnderWay>()
    underWay.set(account, equal.set(key, { asking, fill }))
    return asking
  }

  async function askAndKeep({ fill, verb, payload, newerThan, scope }: Asking): Promise<Token> {
    const { account } = fill
    try {
      news.follow(account)
      const token = await ask(verb, account, payload)
      if (token.generation > newerThan && !news.deafTo(account))
        cache.endFill(fill, withoutWishes(token), scope)
      return token
    } finally {
      cache.endFill(fill, null)
    }
  }

  const tokens: Tokens = {
    get(account, { minValidity, forceRefresh = false, scopes, subjectToken, subjectTokenType } = {}) {
      if (subjectToken !== undefined)
        return ask('token.get', account, { subjectToken, subjectTokenType, ...(scopes && { scopes }) })
      const held = { account, scope: scopeOf(scopes) }
      const known = forceRefresh ? undefined : cache.read(held, minValidity)
      return known ?? share('token.get', held, { minValidity, ...(forceRefresh && { forceRefresh }) })
    },
    reject(account, { generation, claims, scopes }) {
      const held = { account, scope: scopeOf(scopes) }
      const newer = cache.newerThan(held, generation)
      if (newer !== undefined) return newer
      return share('token.reject', held, { generation, claims }, generation)
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

interface UnderWay {
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

/** What later callers get says nothing about the wish of this one. */
function withoutWishes(token: Token): Token {
  if (token.minValidityMet === undefined && token.refreshed === undefined) return token
  const { minValidityMet: _, refreshed: __, ...rest } = token
  return Object.freeze(rest)
}

/** The same scopes in any order are the same (RFC 6749 §3.3). */
function scopeOf(scopes: readonly string[] | undefined): string | undefined {
  return scopes && [...new Set(scopes)].sort().join(' ')
}

/** Later, so that what a handler throws does not end the reading of the connection. */
function call<T>(handlers: Set<(event: T) => unknown>, event: T): void {
  for (const handler of handlers) void Promise.resolve(event).then(handler)
}
