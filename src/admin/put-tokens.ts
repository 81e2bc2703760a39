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
  /** Of the same grant; null for a new one. */
  readonly known: TokenPair | null
  /** The one it has once it is put. */
  readonly refreshToken: Secret | undefined
}

/** The token a grant lives by: where there need be no refresh token and is none, the access token. */
export function grantTokenIn(
  { accessToken, refreshToken }: Pick<TokenPair, 'accessToken' | 'refreshToken'>,
  { config, current }: { readonly config: AppConfig; readonly current: TokenPair | null },
): Secret | undefined {
  const alone = livesWithoutRefreshToken(config) && current?.refreshToken === undefined
  return refreshToken ?? (alone ? accessToken : undefined)
}

/** The access token an authorised account has, and when it runs out (null: it has none). */
export function accessTokenOf(
  { at, put, config, context }: Put,
  { known, refreshToken }: Known,
): { readonly accessToken?: Secret | undefined; readonly expiresAt: number | null } {
  const { accessToken, expires } = put
  // It holds none, and is as good as its app.
  if (exchangesSubjectTokens(config)) return { expiresAt: never }
  if (accessToken === undefined) {
    // Nothing else could bring it back.
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

/** Can a node refresh it by itself? */
export function isRefreshable(
  config: AppConfig,
  { refreshToken, accessToken }: Pick<TokenPair, 'accessToken' | 'refreshToken'>,
): boolean {
  if (exchangesSubjectTokens(config)) return false
  if (refreshToken !== undefined || !spendsRefreshToken(config)) return true
  return refreshesWithAccessToken(config) && accessToken !== undefined
}
