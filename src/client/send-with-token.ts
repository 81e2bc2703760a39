import { challengeIn } from './challenge.ts'
import type { Rejection, Token, Tokens } from './tokens.ts'
import { TokensError } from './tokens-error.ts'

/** The part of the client that sending with a token needs. */
export type TokenSource = Pick<Tokens, 'get' | 'reject'>

export type HeadersLike = ConstructorParameters<typeof Headers>[0]

/** A response with status 401. */
export interface Refusal {
  readonly headers: Headers
  /** Cancels the response's body, when the response is not the one returned. */
  discard?(): Promise<void>
}

export interface Sending<R> {
  readonly tokens: TokenSource
  readonly account: string
  /** Use a second token of the same grant, with these scopes. */
  readonly scopes?: readonly string[] | undefined
  readonly signal: AbortSignal | null | undefined
  send(token: Token): Promise<R>
  /** The response of `send` if it was a 401. */
  refusalIn(answer: R): Refusal | undefined
  /** True if the same body can be sent again. */
  readonly replayable: boolean
}

/** Sends a request; on a 401 reports the token, and sends once more if there is a newer token and the body can be replayed. */
export async function sendWithToken<R>(sending: Sending<R>): Promise<R> {
  const { tokens, account, scopes, signal, send, replayable } = sending
  const token = await unlessAborted(tokens.get(account, { ...(scopes && { scopes }) }), signal)
  const answer = await send(token)
  const refusal = sending.refusalIn(answer)
  if (refusal === undefined) return answer
  const { generation } = token
  const claims = challengeIn(refusal.headers.get('www-authenticate'))
  try {
    const reported = report({ tokens, account, claims, rejection: { generation, ...(scopes && { scopes }) } })
    const newer = await unlessAborted(reported, signal)
    if (newer.generation <= generation || !replayable) return answer
    await refusal.discard?.()
    return await send(newer)
  } catch (error) {
    await refusal.discard?.()
    throw error
  }
}

async function report({
  tokens,
  account,
  claims,
  rejection,
}: Pick<Sending<unknown>, 'tokens' | 'account'> & {
  claims: string | undefined
  rejection: Rejection
}): Promise<Token> {
  if (claims === undefined) return tokens.reject(account, rejection)
  try {
    return await tokens.reject(account, { ...rejection, claims })
  } catch (error) {
    // The API rejected the token whether or not tokenbus can read the claims.
    if (!(error instanceof TokensError && error.code === 'bad_request')) throw error
    return tokens.reject(account, rejection)
  }
}

/** A stream can be sent once only; keeping a copy would hold all of it in memory. */
export function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  return body instanceof ReadableStream || Symbol.asyncIterator in body
}

/** Aborting ends this caller's wait only: the request is shared, and goes on for the others. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (signal == null) return answer
  let onAbort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([answer, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
