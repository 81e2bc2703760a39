import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export interface OAuthServer extends AsyncDisposable {
  readonly issuer: string
  readonly redirectUri: string
  /** What a person's browser does with an authorization URL: signs in, consents, and comes back with this URL. */
  visit(authorizationUrl: string): Promise<string>
}

const redirectUri = 'http://127.0.0.1:9/callback'

/** A certified OAuth server: strict rotation with reuse detection, PKCE, revocation; whoever comes is `alice`. */
export async function startOAuthServer(clientSecret: string): Promise<OAuthServer> {
  const http = createServer()
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      basicClient(clientSecret),
      { ...basicClient(clientSecret), client_id: 'post', token_endpoint_auth_method: 'client_secret_post' },
    ],
    features: { revocation: { enabled: true }, devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
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

function basicClient(clientSecret: string) {
  return {
    client_id: 'basic',
    client_secret: clientSecret,
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code' as const],
    scope: 'openid offline_access',
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
