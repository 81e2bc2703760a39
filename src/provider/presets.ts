import type { AppPut } from '../schemas.ts'

/** What is known of a provider before an operator says anything. */
export interface Preset {
  readonly scopes: readonly string[]
  /** What it does with a spent refresh token, to be on the safe side. */
  readonly rotation: NonNullable<AppPut['rotation']>
}

export const presets: Readonly<Partial<Record<AppPut['provider'], Preset>>> = {
  oidc: { scopes: ['openid', 'offline_access'], rotation: 'strict' },
}
