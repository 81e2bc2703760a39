import { OAuth2Server } from 'oauth2-mock-server'

/** oauth2-mock-server: it takes whatever comes, until it is told to refuse. */
export async function start() {
  const server = new OAuth2Server()
  await server.issuer.keys.generate('RS256')
  await server.start(0, '127.0.0.1')
  const url = server.issuer.url
  const [issued, refused] = [new Set(), new Set()]
  server.service.on('beforeResponse', (response, request) => {
    if (refused.has(request.body.refresh_token))
      Object.assign(response, { statusCode: 400, body: { error: 'invalid_grant' } })
    else issued.add(response.body.refresh_token)
  })
  return {
    authorizeUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    revocationUrl: `${url}/revoke`,
    revoke() {
      for (const token of issued) refused.add(token)
    },
    close: () => server.stop(),
  }
}
