import { once } from 'node:events'
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

/** oidc-provider: its own defaults, with refresh tokens that rotate; whoever comes is alice and says yes. */
export async function start({ client, redirectUri, scopes }) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const { warn, info } = console
  Object.assign(console, { warn() {}, info() {} })
  const provider = new Provider(url, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    scopes,
    rotateRefreshToken: true,
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    ttl: {
      AccessToken: 3_600,
      Grant: 86_400,
      IdToken: 3_600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 3_600,
    },
  })
  let secret = client.secret
  provider.Client.prototype.compareClientSecret = async (said) => said === secret
  const grants = []

  async function sayYes(request, response) {
    const { prompt, params, session } = await provider.interactionDetails(request, response)
    const merged = { mergeWithLastSubmission: true }
    if (prompt.name === 'login')
      return provider.interactionFinished(request, response, { login: { accountId: 'alice' } }, merged)
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope)
    const grantId = await grant.save()
    grants.push(grantId)
    return provider.interactionFinished(request, response, { consent: { grantId } }, merged)
  }

  const answer = provider.callback()
  server.on('request', (request, response) =>
    request.url.startsWith('/interaction/') ? sayYes(request, response) : answer(request, response),
  )
  return {
    authorizeUrl: `${url}/auth`,
    tokenUrl: `${url}/token`,
    revocationUrl: `${url}/token/revocation`,
    setSecret(another) {
      secret = another
    },
    async revoke() {
      for (const grantId of grants.splice(0)) {
        await provider.RefreshToken.revokeByGrantId(grantId)
        await (await provider.Grant.find(grantId))?.destroy()
      }
    },
    close() {
      Object.assign(console, { warn, info })
      server.closeAllConnections()
      server.close()
    },
  }
}
