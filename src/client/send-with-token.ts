import { challengeIn } from './challenge.ts'
import type { Rejection, Token, Tokens } from './tokens.ts'
import { TokensError } from './tokens-error.ts'

/** What sending with a token needs of the client. */
export type TokenSource = Pick<Tokens, 'get' | 'reject'>

export type HeadersLike = ConstructorParameters<typeof Headers>[0]

/** An answer of 401. */
export interface Refusal {
  readonly headers: Headers
  /** Lets go of the answer, when another one takes its place. */
  discard?(): Promise<void>
}

export interface Sending<R> {
  readonly tokens: TokenSource
  readonly account: string
  /** Of a second token of the account's grant. */
  readonly scopes?: readonly string[] | undefined
  readonly signal: AbortSignal | null | undefined
  send(token: Token): Promise<R>
  /** What `send` brought, if it was a 401. */
  refusalIn(answer: R): Refusal | undefined
  /** Can the same body be sent again? */
  readonly replayable: boolean
}

/** Sends; a token that is refused is reported, and what can be is sent once more with a newer one, if there is. */
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
    // Claims that tokenbus does not understand make the token no better.
    if (!(error instanceof TokensError && error.code === 'bad_request')) throw error
    return tokens.reject(account, rejection)
  }
}

/** Streams are gone once sent, and a copy would hold all of them in memory. */
export function isStream(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false
  return body instanceof ReadableStream || Symbol.asyncIterator in body
}

/** The shared question goes on for those who still want its answer. */
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
