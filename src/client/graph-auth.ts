import { type HeadersLike, isStream, sendWithToken, type TokenSource } from './send-with-token.ts'

interface GraphContext {
  request: unknown
  options?: { headers?: HeadersLike; body?: unknown }
  response?: Response
}

interface GraphMiddleware {
  execute(context: GraphContext): Promise<void>
}

/** An `AuthenticationProvider` of the Microsoft Graph SDK, and a middleware for its chain. */
export interface GraphAuth extends GraphMiddleware {
  getAccessToken(): Promise<string>
  setNext(next: GraphMiddleware): void
}

/**
 * Authenticates the Microsoft Graph SDK as an account. As `authProvider` alone it never sees a 401; as the first middleware
 * of the chain it also reports the rejected token and sends the request once more.
 *
 * @example
 * ```ts
 * const signIn = graphAuth({ tokens, account: 'alice' })
 * const graph = Client.initWithMiddleware({ middleware: [signIn, ...MiddlewareFactory.getDefaultMiddlewareChain(signIn)] })
 * ```
 */
export function graphAuth({
  tokens,
  account,
  scopes,
}: {
  /** From `connectTokens`. */
  readonly tokens: TokenSource
  /** The id of the account to act for. */
  readonly account: string
  /** Use a second token of the same grant, with these scopes; needed if the first token is for mail servers. */
  readonly scopes?: readonly string[]
}): GraphAuth {
  let next: GraphMiddleware | undefined
  return {
    getAccessToken: async () => (await tokens.get(account, { ...(scopes && { scopes }) })).accessToken,
    setNext(middleware) {
      next = middleware
    },
    async execute(context) {
      const { request, options = {} } = context
      await sendWithToken({
        tokens,
        account,
        scopes,
        signal: undefined,
        replayable: typeof request === 'string' && !isStream(options.body),
        async send() {
          // The chain modifies the headers, so each attempt gets a copy of the original ones.
          context.options = { ...options, headers: copied(options.headers) }
          await next?.execute(context)
          return context.response
        },
        // The chain sends the token to Graph's hosts only: a 401 of another host does not concern it.
        refusalIn: (response) =>
          response?.status === 401 && new Headers(context.options?.headers).has('authorization')
            ? response
            : undefined,
      })
    },
  }
}

function copied(headers: HeadersLike): HeadersLike {
  if (headers instanceof Headers) return new Headers(headers)
  return Array.isArray(headers) ? [...headers] : { ...headers }
}
