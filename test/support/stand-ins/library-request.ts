import type { IncomingMessage } from 'node:http'
import OAuth2Server from '@node-oauth/oauth2-server'
import { decodeJwt } from 'jose'

/** A token request as the OAuth library reads it: whatever proves who the client is has become a secret in the form. */
export function libraryRequest(request: IncomingMessage, form: URLSearchParams): OAuth2Server.Request {
  const { authorization, ...headers } = request.headers
  return new OAuth2Server.Request({
    method: request.method as string,
    headers: headers as Record<string, string>,
    query: {},
    body: { ...Object.fromEntries(form), ...clientOf(form, authorization) },
  })
}

/** RFC 6749 §2.3.1, decoded, which the library leaves out; RFC 7523 §2, which it does not know. */
function clientOf(form: URLSearchParams, authorization: string | undefined): object {
  if (authorization?.startsWith('Basic ')) {
    const pair = Buffer.from(authorization.slice(6), 'base64').toString().split(':')
    const [client_id = '', client_secret = ''] = pair.map((part) => decodeURIComponent(part))
    return { client_id, client_secret }
  }
  const proof = form.get('client_assertion')
  if (proof !== null) return { client_id: decodeJwt(proof).iss ?? '', client_secret: proof }
  const assertion = form.get('assertion')
  return assertion === null ? {} : { client_id: decodeJwt(assertion).iss ?? '' }
}
