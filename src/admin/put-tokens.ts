import { type AccountContext, never } from '../../machines/index.ts'
import type { TokenPair } from '../actors/sealed-tokens.ts'
import type { Secret } from '../common/secret.ts'
import type { AccountPut } from '../contract/account.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { exchangesSubjectTokens, spendsRefreshToken } from '../provider/grant-forms.ts'
import { livesWithoutRefreshToken, refreshesWithAccessToken, unsaidLife } from '../provider/refreshing.ts'

interface Put {
  readonly at: number
  readonly put: AccountPut
  readonly config: AppConfig
  readonly context: Pick<AccountContext, 'expiresAt'>
}

interface Known {
  /** The stored tokens of the same grant; null for a new grant. */
  readonly known: TokenPair | null
  /** The refresh token after the put. */
  readonly refreshToken: Secret | undefined
}

/** The token that sustains a grant: the refresh token, or the access token if the app needs no refresh token. */
export function grantTokenIn(
  { accessToken, refreshToken }: Pick<TokenPair, 'accessToken' | 'refreshToken'>,
  { config, current }: { readonly config: AppConfig; readonly current: TokenPair | null },
): Secret | undefined {
  const alone = livesWithoutRefreshToken(config) && current?.refreshToken === undefined
  return refreshToken ?? (alone ? accessToken : undefined)
}

/** The access token of an authorised account, and its expiry (null: it has no access token). */
export function accessTokenOf(
  { at, put, config, context }: Put,
  { known, refreshToken }: Known,
): { readonly accessToken?: Secret | undefined; readonly expiresAt: number | null } {
  const { accessToken, expires } = put
  // Such an account holds no token: callers bring their own.
  if (exchangesSubjectTokens(config)) return { expiresAt: never }
  if (accessToken === undefined) {
    // Without a refresh token, the current access token cannot be replaced, so keep it.
    const isAlone = spendsRefreshToken(config) && refreshToken === undefined
    const isKept = isAlone && known?.accessToken !== undefined && context.expiresAt > at
    return isKept ? { accessToken: known.accessToken, expiresAt: context.expiresAt } : { expiresAt: null }
  }
  if (typeof expires === 'string') return { accessToken, expiresAt: Date.parse(expires) }
  const refreshable = refreshToken !== undefined || refreshesWithAccessToken(config)
  const life = unsaidLife(config, { refreshable })
  const isEndless = life === never || (expires === null && !refreshable)
  return { accessToken, expiresAt: isEndless ? never : at + life }
}

/** True if a node can refresh it without a caller. */
export function isRefreshable(
  config: AppConfig,
  { refreshToken, accessToken }: Pick<TokenPair, 'accessToken' | 'refreshToken'>,
): boolean {
  if (exchangesSubjectTokens(config)) return false
  if (refreshToken !== undefined || !spendsRefreshToken(config)) return true
  return refreshesWithAccessToken(config) && accessToken !== undefined
}
