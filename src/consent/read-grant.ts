import type { AccountPut } from '../contract/account.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { CodeAnswer } from '../provider/authorization-code.ts'
import type { Reached } from '../provider/grant-place.ts'
import { missingScopes } from '../provider/missing-scopes.ts'
import { type TurnedDown, turnedDown } from './consent-end.ts'
import type { PendingConsent } from './tickets.ts'

const defaultLife = 3_600
/** As long as may be put. */
const longestUser = 320
const longestSubject = 255

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString()

export interface ReadGrant {
  readonly waiting: PendingConsent
  readonly account: string
  readonly config: AppConfig
  readonly answer: CodeAnswer
}

/** What the provider answered to the code, as an account to put, or why it is none. */
export function readGrant({
  waiting,
  account,
  config,
  answer,
}: ReadGrant): TurnedDown | { readonly kind: 'grant'; readonly put: AccountPut; readonly reached?: Reached } {
  if (answer.kind === 'refused') {
    const { reason, class: failureClass } = answer.refusal
    if (reason === 'callback_rejected') return turnedDown('callback_rejected', waiting)
    return turnedDown(failureClass === 'T' ? 'provider_unavailable' : 'access_denied', waiting)
  }
  const { accessToken, refreshToken, expiresIn = defaultLife, refreshTokenExpiresIn } = answer
  const { scopes = config.scopes, claims } = answer
  const missing = missingScopes(config, scopes)
  if (missing.length > 0) return turnedDown('missing_scopes', waiting, missing)
  if (refreshToken === undefined) return turnedDown('no_refresh_token', waiting)
  const { name, email } = waiting
  // Who signed in, by the provider's word before the caller's.
  const user = [claims?.email, claims?.preferred_username, email].find(
    (each) => typeof each === 'string' && each.length <= longestUser,
  )
  return {
    kind: 'grant',
    ...(answer.reached && { reached: answer.reached }),
    put: {
      app: config.app,
      user: (user as string | undefined) ?? account,
      ...(claims !== undefined && claims.sub.length <= longestSubject && { subject: claims.sub }),
      accessToken,
      refreshToken,
      expires: inSeconds(expiresIn),
      ...(refreshTokenExpiresIn !== undefined && { grantExpires: inSeconds(refreshTokenExpiresIn) }),
      scopes: [...scopes],
      ...((name !== undefined || email !== undefined) && {
        metadata: { ...(name !== undefined && { name }), ...(email !== undefined && { email }) },
      }),
    },
  }
}
