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
    refreshParams: { ...demands.refreshParams, ...(demands.exchanges && withoutClient) },
    tokenHeaders: demands.headers,
    parameterNames: demands.names,
    scopeSeparator: demands.separator,
    answer,
    ...(demands.exchanges && {
      exchangeUrl: `${place}/exchange`,
      exchangeParams: { client_id: null },
      refreshMethod: 'GET',
    }),
    keep: demands.tells ? ['tenant_id', 'region.name'] : [],
  }
  const codeOnly = demands.grant === 'authorization_code'
  const consents = codeOnly || demands.agreed
  const callback = demands.agreed ? { from: 'tenant' } : {}
  return {
    provider: 'oidc',
    grant: demands.grant,
    clientId: client.id,
    clientSecret: client.secret,
    clientAuth: demands.clientAuth,
    tokenUrl: `${place}/token`,
    scopes: demands.scopes,
    ...(consents && { authorizeUrl: `${demands.agreed ? base : place}/authorize` }),
    ...(codeOnly && demands.refreshesElsewhere && { refreshUrl: `${place}/refresh` }),
    ...(demands.perTenant && { urlParams: { tenant: { pattern: '^[a-z]+$', ...callback } } }),
    ...(codeOnly && demands.refreshes === 'never' && { refreshToken: 'none' }),
    ...(codeOnly && demands.refreshes === 'access_token' && { refreshWith: 'access_token' }),
    ...(demands.life === 'unsaid' && demands.refreshes === 'refresh_token' && { tokenLife: 5_400 }),
    ...Object.fromEntries(Object.entries(settings).filter(([name, value]) => isSaid(name, value, demands))),
  }
}

const withoutClient = { client_id: null, client_secret: null }
const ofCode = ['pkce', 'refreshParams']

function isSaid(name: string, value: unknown, { grant, agreed }: Demands): boolean {
  const isCode = grant === 'authorization_code'
  if (!isCode && (ofCode.includes(name) || (!agreed && name === 'authorizeParams'))) return false
  return typeof value !== 'object' || Object.keys(value as object).length > 0
}
