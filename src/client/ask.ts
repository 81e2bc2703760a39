import type { NatsConnection } from 'nats'
import { encodeId } from '../contract/encode-id.ts'
import type { Token } from './contract-types.ts'
import type { Link } from './link.ts'
import { failureIn, notCarried, TokensError } from './tokens-error.ts'

export type Verb = 'token.get' | 'token.reject'
export type Ask = (verb: Verb, account: string, payload: object) => Promise<Token>

/** Milliseconds. The service answers within 4 s, with `refresh_timeout` if the refresh is still in flight. */
const requestTimeout = 6_000

/**
 * Sends a request to tokenbus. If the connection breaks meanwhile, the request is sent again after the reconnect: both
 * verbs are safe to repeat, and the client drops what is published while disconnected. Rejects with `TokensError`.
 */
export function createAsk({ nats, link }: { nats: NatsConnection; link: Link }): Ask {
  return async function ask(verb, account, payload) {
    const subject = `${verb}.${subjectToken(account)}`
    const bytes = JSON.stringify(payload)
    const deadline = performance.now() + requestTimeout
    const left = () => Math.max(1, deadline - performance.now())
    while (await link.up(left())) {
      const request = nats.request(subject, bytes, { timeout: left() })
      const reply = await link.whileUp(request).catch((cause: unknown) => {
        throw nats.isClosed() ? closed(account) : notCarried(cause, account)
      })
      if (reply === undefined) continue
      const failure = failureIn(reply)
      if (failure !== undefined) throw failure
      return Object.freeze(reply.json<Token>())
    }
    throw new TokensError({
      error: 'unreachable',
      message: 'NATS cannot be reached; check `servers` and the network',
      account,
    })
  }
}

function closed(account: string): TokensError {
  return new TokensError({ error: 'closed', message: 'the client is closed', account })
}

/** Throws `TokensError`. */
export function subjectToken(account: string): string {
  // A lone surrogate cannot be encoded as UTF-8.
  if (account === '' || /\p{Cs}/u.test(account))
    throw new TokensError({
      error: 'bad_request',
      message: 'account: must have 1 to 256 code points of valid Unicode',
      account,
    })
  return encodeId(account)
}
