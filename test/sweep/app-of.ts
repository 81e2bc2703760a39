import type { Demands } from './demands.ts'
import type { Client } from './strict-provider.ts'

/** The settings of `app.put` that make tokenbus meet the demands. */
export function appOf(demands: Demands, { client, base }: { client: Client; base: string }): object {
  const place = demands.perTenant ? `${base}/{tenant}` : base
  const { path, answerNames } = demands
  const answer = {
    ...(path !== undefined && { path }),
    ...(Object.keys(answerNames).length > 0 && { names: answerNames }),
    ...(demands.life === 'milliseconds' && { expiresInUnit: 'ms' }),
  }
  const settings = {
    pkce: demands.pkce,
    tokenBody: demands.body,
    authorizeParams: { prompt: null, ...demands.authorizeParams },
    tokenParams: demands.tokenParams,
    refreshParams: demands.refreshParams,
    tokenHeaders: demands.headers,
    parameterNames: demands.names,
    scopeSeparator: demands.separator,
    answer,
    keep: demands.tells ? ['tenant_id', 'region.name'] : [],
  }
  const codeOnly = demands.grant === 'authorization_code'
  return {
    provider: 'oidc',
    grant: demands.grant,
    clientId: client.id,
    clientSecret: client.secret,
    clientAuth: demands.clientAuth,
    tokenUrl: `${place}/token`,
    scopes: demands.scopes,
    ...(codeOnly && { authorizeUrl: `${place}/authorize` }),
    ...(codeOnly && demands.refreshesElsewhere && { refreshUrl: `${place}/refresh` }),
    ...(demands.perTenant && { urlParams: { tenant: { pattern: '^[a-z]+$' } } }),
    ...(codeOnly && demands.refreshes === 'never' && { refreshToken: 'none' }),
    ...(codeOnly && demands.refreshes === 'access_token' && { refreshWith: 'access_token' }),
    ...(demands.life === 'unsaid' && demands.refreshes === 'refresh_token' && { tokenLife: 5_400 }),
    ...Object.fromEntries(Object.entries(settings).filter(([name, value]) => isSaid(name, value, codeOnly))),
  }
}

const ofConsent = ['pkce', 'authorizeParams', 'refreshParams']

function isSaid(name: string, value: unknown, codeOnly: boolean): boolean {
  if (!codeOnly && ofConsent.includes(name)) return false
  return typeof value !== 'object' || Object.keys(value as object).length > 0
}
