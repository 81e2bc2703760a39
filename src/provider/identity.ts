import type { AppConfig } from './app-config.ts'
import { presetOf } from './presets.ts'

type App = Pick<AppConfig, 'provider' | 'preset' | 'issuer' | 'tokenUrl' | 'scopes' | 'pinned'>

/** Who signs an app's ID tokens: whom its operator names, else at the preset's own endpoint who is known to. */
export function identityIssuer(app: App): string | undefined {
  return app.issuer ?? (isOfPreset(app) ? presetOf(app).identity?.issuer : undefined)
}

/** Or of an older preset's, where the operator is known to have named none. */
function isOfPreset(app: App): boolean {
  const { tokenUrl, pinned } = app
  const wasFilledIn = pinned?.said !== undefined && !pinned.said.includes('tokenUrl')
  return wasFilledIn || tokenUrl === presetOf(app).endpoints.tokenUrl
}

/**
 * What a person is asked to consent to: the app's scopes, and where the answer can be judged who they are. An account
 * does without the latter, so they are none of its app's scopes and never missing.
 */
export function consentScopes(config: App): string[] {
  const { identity } = presetOf(config)
  const who = identity !== undefined && identityIssuer(config) !== undefined ? identity.scopes : []
  return [...new Set([...config.scopes, ...who])]
}
