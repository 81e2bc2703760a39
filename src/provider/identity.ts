import type { AppConfig } from './app-config.ts'
import { filler } from './microsoft-clouds.ts'
import { presetOf } from './presets.ts'

type App = Pick<
  AppConfig,
  'provider' | 'preset' | 'issuer' | 'tokenUrl' | 'scopes' | 'pinned' | 'cloud' | 'tenant'
>

/** The issuer of an app's ID tokens: the operator's, or that of the preset if its own endpoint is used. */
export function identityIssuer(app: App): string | undefined {
  return app.issuer ?? (isOfPreset(app) ? filled(presetOf(app).identity?.issuer, app) : undefined)
}

/** Or at an endpoint of an older preset, if the operator set none. */
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
 * Issuers with two names: developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken, and
 * Microsoft's cloud in China, whose metadata name the other host.
 */
export const spelledOut = (issuer: string): string =>
  issuer
    .replace(/^accounts\.google\.com$/, 'https://accounts.google.com')
    .replace(/^https:\/\/login\.chinacloudapi\.cn\//, 'https://login.partner.microsoftonline.cn/')

/**
 * The issuer that an ID token must have. Microsoft has one per tenant. If no issuer is known, the response of the token
 * endpoint is trusted.
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
 * The scopes of a consent: the app's, and those that request an ID token if it can be validated. The latter are not the
 * app's scopes, so they never count as missing.
 */
export function consentScopes(config: App): string[] {
  const { identity } = presetOf(config)
  const asks = identity !== undefined && (identity.anywhere || identityIssuer(config) !== undefined)
  return [...new Set([...config.scopes, ...(asks ? identity.scopes : [])])]
}
