import type * as oauth from 'oauth4webapi'
import type { Secret } from '../common/secret.ts'
import { version } from '../common/version.ts'
import type { AppConfig } from './app-config.ts'
import { clientAuthOf } from './client-auth.ts'
import type { Exchange, Http, Timing } from './http.ts'
import { type Params, renamed } from './parameters.ts'

export interface PostForm {
  readonly http: Http
  readonly config: AppConfig
  readonly clientSecret?: Secret
  readonly server: oauth.AuthorizationServer
  readonly url: URL
  readonly form: Params
  /** With GET all parameters are in the query. */
  readonly method?: 'POST' | 'GET'
  /** Standard parameters to leave out. */
  readonly without?: readonly string[]
  readonly timing: Timing
  /** Milliseconds of the provider's clock. */
  readonly now: number
}

interface Parts {
  readonly query: Params
  /** Undefined if there is none. */
  readonly body: { readonly type: string; readonly text: string } | undefined
}

/** One authenticated request of the app (RFC 6749 §3.2, RFC 7009 §2.1). Never rejects. */
export async function postForm({ http, server, url, form, timing, ...client }: PostForm): Promise<Exchange> {
  const { config, method = 'POST', without = [] } = client
  const credentials = new URLSearchParams()
  const authorization = new Headers()
  await clientAuthOf(client)(server, { client_id: config.clientId }, credentials, authorization)
  for (const name of without) credentials.delete(name)
  const { query, body } = partsOf(
    method === 'GET' ? { ...config, tokenBody: 'query' } : config,
    form,
    Object.fromEntries(credentials),
  )
  const extra = Object.entries(config.tokenHeaders ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  return http.send({
    url: withQuery(url, query),
    method,
    headers: {
      accept: 'application/json',
      'user-agent': `tokenbus/${version}`,
      ...Object.fromEntries(extra),
      'accept-encoding': 'identity',
      ...(body && { 'content-type': body.type }),
      ...Object.fromEntries(authorization),
    },
    ...(body && { body: body.text }),
    timing,
  })
}

function partsOf(
  { tokenBody, clientAuth, parameterNames }: AppConfig,
  form: Params,
  credentials: Params,
): Parts {
  const proof = renamed(credentials, parameterNames)
  const said = renamed(form, parameterNames)
  if (tokenBody === 'query') return { query: { ...said, ...proof }, body: undefined }
  const inQuery = clientAuth === 'client_secret_query'
  const inBody = inQuery ? said : { ...said, ...proof }
  return {
    query: inQuery ? proof : {},
    body:
      tokenBody === 'json'
        ? { type: 'application/json', text: JSON.stringify(inBody) }
        : {
            type: 'application/x-www-form-urlencoded;charset=UTF-8',
            text: new URLSearchParams(inBody).toString(),
          },
  }
}

/** A copy for this request, because the shared URL must not contain the secret. */
function withQuery(url: URL, query: Params): URL {
  const whole = new URL(url)
  for (const [name, value] of Object.entries(query)) whole.searchParams.set(name, value)
  return whole
}
