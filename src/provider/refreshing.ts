import { never } from '../contract/expiry.ts'
import type { AppConfig } from './app-config.ts'
import { spendsRefreshToken } from './grant-forms.ts'
import { presetOf } from './presets.ts'

type App = Pick<
  AppConfig,
  'provider' | 'grant' | 'refreshToken' | 'refreshWith' | 'tokenLife' | 'maxTokenLife'
>

export function refreshesWithAccessToken({ refreshWith }: Pick<App, 'refreshWith'>): boolean {
  return refreshWith === 'access_token'
}

/** True if an account of this app can be connected with an access token alone. */
export function livesWithoutRefreshToken(app: App): boolean {
  const { refreshToken = 'required' } = app
  return spendsRefreshToken(app) && (refreshToken !== 'required' || refreshesWithAccessToken(app))
}

/** The lifetime (ms) of an access token if the response has none; `never` if it cannot be refreshed. */
export function unsaidLife(app: App, { refreshable }: { readonly refreshable: boolean }): number {
  const { tokenLife, maxTokenLife } = app
  const endless = !refreshable && livesWithoutRefreshToken(app)
  const life = tokenLife === undefined ? (endless ? never : presetOf(app).tokenLife) : tokenLife * 1_000
  return maxTokenLife === undefined ? life : Math.min(life, maxTokenLife * 1_000)
}
