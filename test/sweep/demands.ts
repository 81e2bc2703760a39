import type { ProviderNeeds } from './provider-needs.ts'

type Texts = Readonly<Record<string, string>>

/** What one provider insists on: every request that is not exactly so, it does not understand. */
export interface Demands {
  readonly grant: ProviderNeeds['grant']
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'client_secret_query'
  readonly body: 'form' | 'json' | 'query'
  /** Demanded, or refused. */
  readonly pkce: boolean
  readonly scopes: readonly string[]
  readonly separator: string
  readonly authorizeParams: Texts
  readonly tokenParams: Texts
  readonly refreshParams: Texts
  readonly headers: Texts
  /** Its own names of the standard parameters; `''`: it does not take that one. */
  readonly names: Texts
  readonly perTenant: boolean
  /** Refreshes go to an endpoint of their own. */
  readonly refreshesElsewhere: boolean
  readonly refreshes: 'refresh_token' | 'access_token' | 'never'
  /** What a code brings is only good for being exchanged; that, and refreshes, are GETs, and these without the client. */
  readonly exchanges: boolean
  /** An administrator consents to client credentials, without a code: the callback names the tenant. */
  readonly agreed: boolean
  readonly life: 'expires_in' | 'milliseconds' | 'expires_at' | 'unsaid'
  /** Where in the answer the tokens are, and under which names. */
  readonly path: string | undefined
  readonly answerNames: Texts
  /** Its responses have a field that callers of its API need. */
  readonly tells: boolean
}

export const tenant = 'acme'
const filled = (texts: Texts = {}): Texts =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.replace('{value}', tenant)]))

export function demandsOf({ grant, needs, settings }: ProviderNeeds): Demands {
  const needsThat = (need: string) => needs.some((each) => each.startsWith(need))
  const { answer = {}, clientAuth = 'client_secret_post', tokenBody = 'form' } = settings
  const agreed = needsThat('no code: client credentials after consent')
  const inQuery = needsThat('credentials in the query') && settings.tokenBody === undefined
  return {
    grant: agreed ? 'client_credentials' : grant,
    clientAuth: inQuery ? 'client_secret_query' : clientAuth,
    body: needsThat('token requests in JSON') ? 'json' : tokenBody,
    pkce: settings.pkce ?? true,
    scopes: needsThat('empty scope') ? [] : ['read', 'write:all'],
    separator: settings.scopeSeparator ?? ' ',
    authorizeParams: filled(settings.authorizeParams),
    tokenParams: filled(settings.tokenParams),
    refreshParams: {
      ...filled(settings.refreshParams),
      ...(needsThat('refresh_params (md5_secret)') && { md5_secret: 'd41d8cd98f00b204e9800998ecf8427e' }),
    },
    headers: needsThat('extra request headers') ? { 'x-api-version': '2' } : {},
    names: {
      ...(needsThat('client auth under other names') && { client_id: 'username', client_secret: 'password' }),
      ...(needsThat('code under another name') && { code: 'auth_code' }),
      ...(needsThat('refresh with the access token') && { refresh_token: 'access_token' }),
      ...(!agreed && settings.parameterNames),
    },
    perTenant: needsThat('per-tenant part'),
    refreshesElsewhere: settings.refreshUrl ?? false,
    refreshes: needsThat('refresh with the access token')
      ? 'access_token'
      : needsThat('no refresh token')
        ? 'never'
        : 'refresh_token',
    exchanges: needsThat('second request (long-lived)'),
    agreed,
    life: lifeOf(needsThat),
    path:
      answer.path ?? (needsThat('answer wrapped') && !needsThat('answer wrapped (jwt)') ? 'data' : undefined),
    answerNames: needsThat('answer wrapped (jwt)') ? { access_token: 'jwt' } : {},
    tells: needsThat('data: metadata'),
  }
}

function lifeOf(needsThat: (need: string) => boolean): Demands['life'] {
  if (needsThat('expires_in unit')) return 'milliseconds'
  if (needsThat('expires_at instead')) return 'expires_at'
  if (needsThat('second request (long-lived)')) return 'expires_in'
  return needsThat('no expires_in') || needsThat('no refresh token') ? 'unsaid' : 'expires_in'
}

/** Not possible by settings: a different kind of request, or a value that changes each time. */
const withoutSetting = ['second request (session)', 'signed request', 'authorize URL with a fragment']

/** The provider cannot be simulated or supported. */
export function unmetNeed({ needs }: ProviderNeeds): string | undefined {
  return needs.find((need) => withoutSetting.some((each) => need.startsWith(each)))
}
