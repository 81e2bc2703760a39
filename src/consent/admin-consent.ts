import type { AppConfig } from '../provider/app-config.ts'
import { joinedScopes } from '../provider/grant-forms.ts'
import { consentScopes } from '../provider/identity.ts'
import { dialectOf } from '../provider/presets.ts'

interface AdminConsent {
  readonly config: AppConfig
  readonly redirectUri: string
  readonly ticket: string
}

/**
 * The page on which an administrator consents for a whole tenant:
 * learn.microsoft.com/entra/identity-platform/v2-admin-consent. Undefined for providers without such a page.
 */
export function adminConsentUrl({ config, redirectUri, ticket }: AdminConsent): string | undefined {
  const { authorizeUrl = '' } = config
  if (dialectOf(config) !== 'outlook' || !authorizeUrl.endsWith('/oauth2/v2.0/authorize')) return undefined
  const page = new URL(authorizeUrl.replace(/\/oauth2\/v2\.0\/authorize$/, '/v2.0/adminconsent'))
  page.pathname = page.pathname.replace(/^\/(?:common|consumers)\//, '/organizations/')
  const params = {
    client_id: config.clientId,
    scope: joinedScopes(config, consentScopes(config)),
    redirect_uri: config.redirectUri ?? redirectUri,
    state: ticket,
  }
  for (const [name, value] of Object.entries(params)) page.searchParams.set(name, value)
  return page.href
}

/** The callback of an admin consent has no code. */
export function isAdminsConsent({ searchParams }: URL, { grant }: Pick<AppConfig, 'grant'>): boolean {
  const said = searchParams.get('admin_consent')?.toLowerCase() === 'true'
  return said && grant === 'authorization_code' && !searchParams.has('code') && !searchParams.has('error')
}
