import { randomUUID } from 'node:crypto'
import OAuth2Server from '@node-oauth/oauth2-server'
import { listen, plainRequest } from './listen.js'

/** @node-oauth/oauth2-server: its own defaults, with everything kept in memory. */
export async function start({ client, redirectUri, scopes }) {
  const registered = {
    id: client.id,
    secret: client.secret,
    redirectUris: [redirectUri],
    grants: ['authorization_code', 'refresh_token'],
  }
  const [tokens, codes] = [new Set(), new Map()]
  const user = { id: 'alice' }
  const server = new OAuth2Server({
    model: {
      getClient: async (id, secret) =>
        id === registered.id && (secret === null || secret === registered.secret) ? registered : undefined,
      saveAuthorizationCode: async (code, owner, whose) => {
        const saved = { ...code, client: owner, user: whose }
        codes.set(code.authorizationCode, saved)
        return saved
      },
      getAuthorizationCode: async (code) => codes.get(code),
      revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
      validateScope: async (_, __, asked) => asked?.filter((scope) => scopes.includes(scope)),
      generateAccessToken: async () => randomUUID(),
      generateRefreshToken: async () => randomUUID(),
      saveToken: async (token, owner, whose) => {
        const saved = { ...token, client: owner, user: whose }
        tokens.add(saved)
        return saved
      },
      getRefreshToken: async (text) => [...tokens].find(({ refreshToken }) => refreshToken === text),
      revokeToken: async (token) => tokens.delete(token),
    },
  })
  async function route(request) {
    const asked = new OAuth2Server.Request(await plainRequest(request))
    const response = new OAuth2Server.Response()
    const authenticateHandler = { handle: () => user }
    const isToken = new URL(request.url).pathname === '/token'
    try {
      await (isToken
        ? server.token(asked, response)
        : server.authorize(asked, response, { authenticateHandler }))
    } catch (error) {
      if (!(error instanceof OAuth2Server.OAuthError)) throw error
    }
    const { status, headers, body } = response
    return new Response(status === 302 ? null : JSON.stringify(body), { status, headers })
  }
  const { url, close } = await listen(() => route)
  return {
    authorizeUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    setSecret(secret) {
      registered.secret = secret
    },
    revoke: () => tokens.clear(),
    close,
  }
}
