import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import type { Secret } from '../common/secret.ts'
import type { AppConfig } from './app-config.ts'
import { decodeBody } from './decode-body.ts'
import type { Endpoints } from './endpoints.ts'
import type { Http } from './http.ts'

export interface AskUserinfo {
  readonly config: AppConfig
  readonly accessToken: Secret
  /** The subject of the ID token, which must match (OpenID Connect Core §5.3.2). */
  readonly sub: string
}

export type Userinfo = (asked: AskUserinfo) => Promise<Readonly<Record<string, unknown>>>

/** Milliseconds; bounded because the user is waiting. */
const timing = { connectMs: 3_000, answerMs: 5_000 }
const claimsSchema = z.record(z.string().max(256), z.unknown())

/** The userinfo claims (OpenID Connect Core §5.3); empty if unavailable or too slow. */
export function createUserinfo({ http, endpoints }: { http: Http; endpoints: Endpoints }): Userinfo {
  return async ({ config, accessToken, sub }) => {
    const endpoint = 'userinfo_endpoint'
    const resolved = await endpoints.resolve({ config, endpoint, within: timing.connectMs })
    if (!resolved.ok) return {}
    const { url } = resolved
    const headers = { accept: 'application/json', authorization: `Bearer ${accessToken.reveal()}` }
    const exchange = await http.send({ url, method: 'GET', headers, timing })
    if (exchange.kind !== 'answered' || exchange.status !== 200) return {}
    const text = decodeBody({ body: exchange.body, encoding: exchange.headers['content-encoding'] })
    const claims = claimsSchema.safeParse(parseJson(text)).data
    return claims?.sub === sub ? claims : {}
  }
}
