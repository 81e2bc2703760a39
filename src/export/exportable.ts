import type { Secret } from '../common/secret.ts'
import { expiryText } from '../contract/expiry.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { movedSettings, originOf, tokenOrigins } from '../provider/grant-place.ts'
import type { StoredAccount } from './read-stored.ts'

/** Why an account is left out: of no use elsewhere, or not safe to use there yet. */
export type LeftOut = { readonly skip: string } | { readonly fail: string }

/** What an account has to be used elsewhere. */
export interface Grant {
  readonly refreshToken: Secret | undefined
  /** Only where it still works. */
  readonly accessToken: Secret | undefined
  readonly expires: string | null
}

export function grantOf(account: StoredAccount): Grant | LeftOut {
  const { at, context, tokens, app } = account
  const { invalid, expiresAt } = context
  if (invalid?.class === 'A') return { skip: `its grant has ended (${invalid.reason})` }
  // Its token is perhaps spent already: sent from elsewhere as well, it might end the grant.
  if (context.attempt !== null || context.doubtSince !== null)
    return { fail: 'a refresh of it is not settled: let a node settle it, and export it then' }
  if (hasMoved(account))
    return {
      fail: 'its app is at another address than its grant was given at: undo that, or move its grants',
    }
  const served = expiresAt > at && invalid?.class !== 'S' && context.rejected !== context.tokenGeneration
  const accessToken = served ? tokens?.accessToken : undefined
  const refreshToken = tokens?.refreshToken
  if (spendsRefreshToken(app.config) && refreshToken === undefined && accessToken === undefined)
    return { skip: 'it has no refresh token, and no access token that still works' }
  return { refreshToken, accessToken, expires: expiryText(expiresAt) }
}

/** Elsewhere a grant belongs to its app as that is now: it must not get to an address by moving that is refused to it here. */
function hasMoved({ tokens, app: { config } }: StoredAccount): boolean {
  const allowed = tokenOrigins(tokens?.place, config)
  if (allowed === undefined || !spendsRefreshToken(config)) return false
  const to = originOf(config.refreshUrl ?? config.tokenUrl) ?? config.pinned?.tokenOrigin
  return to === undefined ? movedSettings(tokens?.place, config).length > 0 : !allowed.includes(to)
}
