import type { AppConfig } from './app-config.ts'
import { clouds } from './microsoft-clouds.ts'
import { dialectOf } from './presets.ts'

/** Scopes without a resource, for the ID token and the refresh token. */
const ofNoResource = new Set(['openid', 'profile', 'email', 'offline_access'])
/** Without their resource these would mean Graph's scopes, whose tokens no mail server accepts. */
const ofOutlook = new Set(['imap.accessasuser.all', 'pop.accessasuser.all', 'smtp.send'])

const graphHosts = Object.values(clouds).map(({ graph }) => graph)
const outlookHosts = [...Object.values(clouds).map(({ outlook }) => outlook), 'outlook.office365.com']

/** The API a Microsoft scope is for; undefined for a scope of OpenID Connect. */
function resourceOf(scope: string): string | undefined {
  if (ofNoResource.has(scope.toLowerCase())) return undefined
  const end = scope.lastIndexOf('/')
  if (end === -1) return ofOutlook.has(scope.toLowerCase()) ? 'Outlook' : 'Graph'
  const resource = scope.slice(0, end).replace(/\/+$/, '')
  const host = resource.replace(/^https:\/\//i, '').toLowerCase()
  if (graphHosts.includes(host)) return 'Graph'
  return outlookHosts.includes(host) ? 'Outlook' : resource
}

/** A Microsoft access token is for one API. Undefined if the scopes are compatible, else the conflicting groups. */
export function microsoftClash(scopes: readonly string[]): string | undefined {
  const resources = new Map<string, string[]>()
  for (const scope of scopes) {
    const resource = resourceOf(scope)
    if (resource !== undefined) resources.set(resource, [...(resources.get(resource) ?? []), scope])
  }
  if (resources.size < 2) return undefined
  return [...resources].map(([resource, each]) => `${each.join(', ')} (${resource})`).join(' and ')
}

export interface Granted {
  readonly config: Pick<AppConfig, 'provider' | 'preset' | 'scopes'>
  /** Under the provider's names. */
  readonly granted: readonly string[]
}

/** The scopes that the app requests and the grant lacks, compared by the provider's names. */
export function missingScopes({ config, granted }: Granted): string[] {
  const canonical = canonicalNames[dialectOf(config)] ?? ((scope: string) => scope)
  const has = new Set(granted.map(canonical))
  return config.scopes.filter(
    (scope) => !isNeverNamed(scope, dialectOf(config)) && !has.has(canonical(scope)),
  )
}

/** Those of them that permit something: many providers never report the scopes of OpenID Connect as granted (Core §11). */
export function missingPermissions(granted: Granted): string[] {
  return missingScopes(granted).filter((scope) => !ofNoResource.has(scope.toLowerCase()))
}

const userinfo = 'https://www.googleapis.com/auth/userinfo.'

function googleName(scope: string): string {
  return scope === 'email' || scope === 'profile' ? userinfo + scope : scope
}

/** Microsoft's responses have Graph's scopes with or without their resource, in either case. */
function microsoftName(scope: string): string {
  const name = scope.slice(scope.lastIndexOf('/') + 1)
  return `${resourceOf(scope) ?? ''} ${name}`.toLowerCase()
}

const canonicalNames: Readonly<Partial<Record<string, (scope: string) => string>>> = {
  gmail: googleName,
  gmailService: googleName,
  outlook: microsoftName,
  outlookService: microsoftName,
}

/** `offline_access` is never reported, except by a refresh token; Microsoft does not report the others either. */
function isNeverNamed(scope: string, words: string): boolean {
  if (scope === 'offline_access') return true
  const microsoft = words === 'outlook' || words === 'outlookService'
  return microsoft && (ofNoResource.has(scope.toLowerCase()) || scope.endsWith('/.default'))
}
