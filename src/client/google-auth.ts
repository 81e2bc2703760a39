import { type HeadersLike, isStream, sendWithToken, type TokenSource } from './send-with-token.ts'

/** The part of an `OAuth2Client` that is used here (google-auth-library 10 or newer). */
export interface GoogleClient {
  // biome-ignore lint/suspicious/noExplicitAny: its own types differ from version to version.
  readonly transporter: { request(options: any): Promise<any> }
}

interface GoogleRequest {
  readonly headers?: HeadersLike
  readonly data?: unknown
  readonly signal?: AbortSignal
}

type Outcome = { readonly value: unknown } | { readonly error: unknown }

/**
 * Makes an `OAuth2Client` of Google's libraries send an account's tokens. On a 401 the token is reported, and the request
 * sent once more with a newer one, unless its data was a stream.
 *
 * @example
 * ```ts
 * const google = calendar({ version: 'v3', auth: googleAuth({ tokens, account: 'alice', client: new auth.OAuth2() }) })
 * ```
 */
export function googleAuth<C extends GoogleClient>({
  tokens,
  account,
  scopes,
  client,
}: {
  /** From `connectTokens`. */
  readonly tokens: TokenSource
  /** The id of the account to act for. */
  readonly account: string
  /** Use a second token of the same grant, with these scopes. */
  readonly scopes?: readonly string[]
  /** Is changed and returned. */
  readonly client: C
}): C {
  const accessToken = async () => (await tokens.get(account, { ...(scopes && { scopes }) })).accessToken

  async function request(options: GoogleRequest): Promise<unknown> {
    const outcome = await sendWithToken<Outcome>({
      tokens,
      account,
      scopes,
      signal: options.signal,
      replayable: !isStream(options.data),
      send({ accessToken }) {
        const headers = new Headers(options.headers)
        headers.set('authorization', `Bearer ${accessToken}`)
        return client.transporter.request({ ...options, headers }).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        )
      },
      refusalIn(outcome) {
        const { response } = ('error' in outcome ? outcome.error : {}) as { response?: Response }
        return response?.status === 401 ? response : undefined
      },
    })
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  return Object.assign(client, {
    request,
    getRequestHeaders: async () => new Headers({ authorization: `Bearer ${await accessToken()}` }),
    getAccessToken: async () => ({ token: await accessToken() }),
  })
}
