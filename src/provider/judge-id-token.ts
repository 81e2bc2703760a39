import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import type { Secret } from '../common/secret.ts'
import type { AppConfig } from './app-config.ts'
import { acceptedIssuer } from './identity.ts'
import { refused, type TokenAnswer, type Tokens } from './token-answer.ts'
import { misconfigured } from './transport-refusal.ts'

export type UserClaims = oauth.IDToken

export interface JudgeIdToken {
  readonly config: AppConfig
  readonly server: oauth.AuthorizationServer
  readonly answer: Tokens
  readonly nonce?: string
}

/**
 * OpenID Connect Core §3.1.3.7, trusting the connection instead of the signature (step 6). Only where a person can
 * start again: in a refresh, a token that was issued is never thrown away for what came with it. Where it is not known who
 * should have signed, one that does not fit is as good as none.
 */
export async function judgeIdToken({
  config,
  server,
  answer,
  nonce,
}: JudgeIdToken): Promise<TokenAnswer & { claims?: UserClaims }> {
  if (answer.idToken === undefined) return answer
  const issuer = acceptedIssuer(config, claimsIn(answer.idToken))
  const body = { access_token: 'unseen', token_type: 'bearer', id_token: answer.idToken.reveal() }
  const client = {
    client_id: config.clientId,
    [oauth.clockSkew]: Math.round((answer.dateSkewMs ?? 0) / 1_000),
  }
  try {
    const from = { ...server, issuer: issuer.name }
    const judged = await oauth.processAuthorizationCodeResponse(from, client, Response.json(body), {
      ...(nonce !== undefined && { expectedNonce: nonce }),
      requireIdToken: true,
    })
    const claims = oauth.getValidatedIdTokenClaims(judged)
    return claims === undefined ? answer : { ...answer, claims }
  } catch {
    if (!issuer.isKnown) return answer
    return refused({ ...misconfigured({ error: 'id_token_rejected' }), sent: true })
  }
}

function claimsIn(idToken: Secret): Partial<UserClaims> {
  try {
    return decodeJwt(idToken.reveal())
  } catch {
    return {}
  }
}
