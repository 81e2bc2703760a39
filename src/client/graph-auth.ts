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
 * Signs the Microsoft Graph SDK in as an account. As `authProvider` alone it never hears of a 401; put before the default
 * chain as well, it reports the refused token and sends the request once more:
 * `middleware: [auth, ...MiddlewareFactory.getDefaultMiddlewareChain(auth)]`.
 */
export function graphAuth({
  tokens,
  account,
  scopes,
}: {
  readonly tokens: TokenSource
  readonly account: string
  /** Of a second token of the account's grant, such as one that was given for mail servers. */
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
          // The chain adds to the headers, a second time to what it added the first time.
          context.options = { ...options, headers: copied(options.headers) }
          await next?.execute(context)
          return context.response
        },
        // To hosts that are not Graph's the chain sends no token.
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
