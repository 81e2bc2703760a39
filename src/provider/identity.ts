import type { AppConfig } from './app-config.ts'
import { filler } from './microsoft-clouds.ts'
import { presetOf } from './presets.ts'

type App = Pick<
  AppConfig,
  'provider' | 'preset' | 'issuer' | 'tokenUrl' | 'scopes' | 'pinned' | 'cloud' | 'tenant'
>

/** Who signs an app's ID tokens: whom its operator names, else at the preset's own endpoint who is known to. */
export function identityIssuer(app: App): string | undefined {
  return app.issuer ?? (isOfPreset(app) ? filled(presetOf(app).identity?.issuer, app) : undefined)
}

/** Or of an older preset's, where the operator is known to have named none. */
function isOfPreset(app: App): boolean {
  const { tokenUrl, pinned } = app
  const wasFilledIn = pinned?.said !== undefined && !pinned.said.includes('tokenUrl')
  return wasFilledIn || tokenUrl === filled(presetOf(app).endpoints.tokenUrl, app)
}

function filled(template: string | undefined, { cloud = 'global', tenant = '' }: App): string | undefined {
  return template && filler({ cloud, tenant })(template)
}

const tenantIn = /\{(?:tid|tenantid)\}/

/**
 * Who signs under two names: developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken, and
 * Microsoft's cloud in China, whose metadata name the other host.
 */
export const spelledOut = (issuer: string): string =>
  issuer
    .replace(/^accounts\.google\.com$/, 'https://accounts.google.com')
    .replace(/^https:\/\/login\.chinacloudapi\.cn\//, 'https://login.partner.microsoftonline.cn/')

/**
 * Under which name an ID token must be signed. Microsoft signs under one for each tenant. If no issuer is known, the
 * answer of the token endpoint is trusted.
 */
export function acceptedIssuer(
  app: App,
  { iss = '', tid }: { iss?: string; tid?: unknown },
): { readonly name: string; readonly isKnown: boolean } {
  const known = identityIssuer(app)
  if (known === undefined) return { name: iss, isKnown: false }
  const expected = typeof tid === 'string' && /^[\w-]{1,64}$/.test(tid) ? known.replace(tenantIn, tid) : known
  return { name: spelledOut(iss) === spelledOut(expected) ? iss : expected, isKnown: true }
}

/**
 * What a person is asked to consent to: the app's scopes, and where the answer can be judged who they are. An account
 * does without the latter, so they are none of its app's scopes and never missing.
 */
export function consentScopes(config: App): string[] {
  const { identity } = presetOf(config)
  const asks = identity !== undefined && (identity.anywhere || identityIssuer(config) !== undefined)
  return [...new Set([...config.scopes, ...(asks ? identity.scopes : [])])]
}
