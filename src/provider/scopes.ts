import { clouds } from './microsoft-clouds.ts'

/** Scopes that belong to no resource: they ask for the ID token and the refresh token. */
const ofNoResource = new Set(['openid', 'profile', 'email', 'offline_access'])
/** Written without their resource these would be taken for Graph's, whose tokens no mail server accepts. */
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

/** A Microsoft access token is for one API. Undefined where the scopes go together, else which belong to which. */
export function microsoftClash(scopes: readonly string[]): string | undefined {
  const resources = new Map<string, string[]>()
  for (const scope of scopes) {
    const resource = resourceOf(scope)
    if (resource !== undefined) resources.set(resource, [...(resources.get(resource) ?? []), scope])
  }
  if (resources.size < 2) return undefined
  return [...resources].map(([resource, each]) => `${each.join(', ')} (${resource})`).join(' and ')
}
