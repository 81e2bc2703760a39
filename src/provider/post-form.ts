import type * as oauth from 'oauth4webapi'
import type { Secret } from '../common/secret.ts'
import { version } from '../common/version.ts'
import type { AppConfig } from './app-config.ts'
import { clientAuthOf } from './client-auth.ts'
import type { Form } from './grant-forms.ts'
import type { Exchange, Http, Timing } from './http.ts'

export interface PostForm {
  readonly http: Http
  readonly config: AppConfig
  readonly clientSecret?: Secret
  readonly server: oauth.AuthorizationServer
  readonly url: URL
  readonly form: Form
  readonly timing: Timing
  /** Milliseconds of the provider's clock. */
  readonly now: number
}

/** One authenticated form request of the app (RFC 6749 §3.2, RFC 7009 §2.1). Never rejects. */
export async function postForm({ http, server, url, form, timing, ...client }: PostForm): Promise<Exchange> {
  const body = new URLSearchParams(form)
  const headers = new Headers()
  await clientAuthOf(client)(server, { client_id: client.config.clientId }, body, headers)
  return http.send({
    url,
    method: 'POST',
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      'user-agent': `tokenbus/${version}`,
      ...Object.fromEntries(headers),
    },
    body: body.toString(),
    timing,
  })
}
