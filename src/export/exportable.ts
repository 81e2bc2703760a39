import type { Secret } from '../common/secret.ts'
import { expiryText } from '../contract/expiry.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { movedSettings, originOf, tokenOrigins } from '../provider/grant-place.ts'
import type { StoredAccount } from './read-stored.ts'

/** Why an account is left out: `skip` if it is useless elsewhere, `fail` if exporting it now would be unsafe. */
export type LeftOut = { readonly skip: string } | { readonly fail: string }

/** The tokens of an account to use elsewhere. */
export interface Grant {
  readonly refreshToken: Secret | undefined
  /** Only if it is still valid. */
  readonly accessToken: Secret | undefined
  readonly expires: string | null
}

export function grantOf(account: StoredAccount): Grant | LeftOut {
  const { at, context, tokens, app } = account
  const { invalid, expiresAt } = context
  if (invalid?.class === 'A') return { skip: `its grant has ended (${invalid.reason})` }
  // Its refresh token may already have been used; using it again elsewhere could end the grant.
  if (context.attempt !== null || context.doubtSince !== null)
    return { fail: 'a refresh has an unknown outcome: run a node until it is known, and export again' }
  if (hasMoved(account))
    return {
      fail: "its app's endpoints differ from those its grant works at: restore them, or put the app with moveGrants",
    }
  const served = expiresAt > at && invalid?.class !== 'S' && context.rejected !== context.tokenGeneration
  const accessToken = served ? tokens?.accessToken : undefined
  const refreshToken = tokens?.refreshToken
  if (spendsRefreshToken(app.config) && refreshToken === undefined && accessToken === undefined)
    return { skip: 'it has no refresh token, and no valid access token' }
  return { refreshToken, accessToken, expires: expiryText(expiresAt) }
}

/** The importing side sends a grant to the app's current endpoints, so a grant that is not allowed there must not be exported. */
function hasMoved({ tokens, app: { config } }: StoredAccount): boolean {
  const allowed = tokenOrigins(tokens?.place, config)
  if (allowed === undefined || !spendsRefreshToken(config)) return false
  const to = originOf(config.refreshUrl ?? config.tokenUrl) ?? config.pinned?.tokenOrigin
  return to === undefined ? movedSettings(tokens?.place, config).length > 0 : !allowed.includes(to)
}
