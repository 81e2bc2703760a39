import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type ClientMetadata, interactionPolicy } from 'oidc-provider'
import { publicKeyOf } from './keys.ts'

export interface OAuthServer extends AsyncDisposable {
  readonly issuer: string
  readonly redirectUri: string
  /** Acts as a user's browser: signs in, consents, and returns the callback URL. */
  visit(authorizationUrl: string): Promise<string>
}

const gmail = 'https://mail.google.com/'
const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All'
const refreshable = ['offline_access', gmail, imap]
const scopes = ['openid', 'mail.imap', ...refreshable, 'https://outlook.office.com/SMTP.Send']
const redirectUri = 'http://127.0.0.1:9/callback'

/** A certified OAuth server: strict rotation with reuse detection, PKCE, revocation; every user is `alice`. */
export async function startOAuthServer(clientSecret: string): Promise<OAuthServer> {
  const http = createServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      client('basic', clientSecret),
      client('post', clientSecret, { token_endpoint_auth_method: 'client_secret_post' }),
      client('key', undefined, {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...publicKeyOf('ec').export({ format: 'jwk' }), kid: 'ec-1' }] },
      }),
      client('service', clientSecret, {
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      }),
    ],
    scopes,
    // Google and Microsoft do not require `openid` for a refresh token; this server drops `offline_access` without it.
    issueRefreshToken: async (_, asking, { scopes: granted }) =>
      asking.grantTypeAllowed('refresh_token') && refreshable.some((scope) => granted.has(scope)),
    features: {
      revocation: { enabled: true },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
    },
    interactions: { policy: prompts(), url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: true,
    pkce: { required: () => true },
    ttl: {
      AccessToken: 60,
      RefreshToken: 3600,
      IdToken: 3600,
      Grant: 3600,
      Session: 3600,
      Interaction: 3600,
    },
  })
  const callback = provider.callback()
  http.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return callback(request, response)
    return provider.interactionDetails(request, response).then(async ({ prompt, params, session }) => {
      if (prompt.name === 'login') {
        return provider.interactionFinished(request, response, { login: { accountId: 'alice' } })
      }
      if (prompt.name === 'select_account') {
        const selected = { select_account: {} }
        return provider.interactionFinished(request, response, selected, { mergeWithLastSubmission: true })
      }
      const grant = new provider.Grant({
        accountId: session?.accountId as string,
        clientId: params.client_id as string,
      })
      grant.addOIDCScope(params.scope as string)
      const consent = { grantId: await grant.save() }
      return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true })
    })
  })
  return {
    issuer,
    redirectUri,
    visit,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      http.close()
    },
  }
}

/** Microsoft's prompt to choose an account; here there is only one. */
function prompts() {
  const policy = interactionPolicy.base()
  policy.add(new interactionPolicy.Prompt({ name: 'select_account', requestable: true }))
  return policy
}

function client(id: string, secret: string | undefined, changes: Partial<ClientMetadata> = {}) {
  return {
    client_id: id,
    ...(secret !== undefined && { client_secret: secret }),
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    ...changes,
  }
}

async function visit(authorizationUrl: string): Promise<string> {
  const cookies = new Map<string, string>()
  let url = authorizationUrl
  while (!url.startsWith(redirectUri)) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const each of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (each.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    const next = response.headers.get('location')
    if (next === null) throw new Error(`${response.status} ${await response.text()}`)
    url = new URL(next, url).href
  }
  return url
}
