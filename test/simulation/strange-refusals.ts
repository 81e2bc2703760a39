import { readTokenAnswer } from '../../src/provider/read-token-answer.ts'
import type { TokenAnswer } from '../../src/provider/token-answer.ts'

/** Unusual errors of providers for an ended grant. */
const words = {
  'unauthorized client': { status: 403, error: 'unauthorized_client' },
  'invalid client': { status: 401, error: 'invalid_client' },
  'access denied': { status: 403, error: 'access_denied' },
  'unknown words': { status: 422, error: 'session_not_continued' },
} as const

export type StrangeWords = keyof typeof words

/** As it is read from the wire. */
export function refusedIn(strange: StrangeWords): (workedBefore: boolean) => TokenAnswer {
  const { status, error } = words[strange]
  const body = Buffer.from(JSON.stringify({ error }))
  return (workedBefore) =>
    readTokenAnswer({
      exchange: { kind: 'answered', status, headers: {}, body },
      config: { provider: 'oidc', grant: 'authorization_code' },
      workedBefore,
      now: 0,
      providerNow: 0,
    })
}
