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
 * Validates an ID token (OpenID Connect Core §3.1.3.7), trusting TLS instead of the signature (step 6). Only at consent, which
 * the user can repeat: a refresh never discards issued tokens because of an ID token. If the expected issuer is unknown, an
 * invalid ID token counts as absent.
 */
export async function verifyIdToken({
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
    const validated = await oauth.processAuthorizationCodeResponse(from, client, Response.json(body), {
      ...(nonce !== undefined && { expectedNonce: nonce }),
      requireIdToken: true,
    })
    const claims = oauth.getValidatedIdTokenClaims(validated)
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
