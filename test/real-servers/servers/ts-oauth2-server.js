import { randomUUID } from 'node:crypto'
import { AuthorizationServer, OAuthException } from '@jmondi/oauth2-server'
import { listen, plainRequest } from './listen.js'

/** @jmondi/oauth2-server: its own defaults, with everything kept in memory. */
export async function start({ client, redirectUri, scopes }) {
  const named = scopes.map((name) => ({ name }))
  const registered = {
    id: client.id,
    name: 'tokenbus',
    secret: client.secret,
    redirectUris: [redirectUri],
    allowedGrants: ['authorization_code', 'refresh_token'],
    scopes: named,
  }
  const user = { id: 'alice' }
  const [tokens, revoked, codes] = [new Set(), new Set(), new Map()]
  const find = async (test) => {
    const found = [...tokens].find(test)
    if (found === undefined) throw new Error('there is no such token')
    return found
  }
  const clients = {
    getByIdentifier: async (id) => (id === client.id ? registered : undefined),
    isClientValid: async (_, __, secret) => secret === registered.secret,
  }
  const tokenStore = {
    issueToken: async (owner, granted, whose) => ({
      accessToken: randomUUID(),
      accessTokenExpiresAt: new Date(),
      client: owner,
      user: whose,
      scopes: granted,
    }),
    async issueRefreshToken(token) {
      token.refreshToken = randomUUID()
      token.refreshTokenExpiresAt = new Date(Date.now() + 86_400_000)
      return token
    },
    persist: async (token) => void tokens.add(token),
    revoke: async (token) => void revoked.add(token),
    isRefreshTokenRevoked: async (token) => revoked.has(token),
    getByRefreshToken: (text) => find(({ refreshToken }) => refreshToken === text),
    getByAccessToken: (text) => find(({ accessToken }) => accessToken === text),
  }
  const codeStore = {
    getByIdentifier: async (code) => codes.get(code),
    issueAuthCode: (owner, whose, granted) => ({
      code: randomUUID(),
      expiresAt: new Date(Date.now() + 60_000),
      client: owner,
      user: whose,
      scopes: granted,
    }),
    persist: async (code) => void codes.set(code.code, code),
    isRevoked: async (code) => !codes.has(code),
    revoke: async (code) => void codes.delete(code),
  }
  const scopeStore = {
    getAllByIdentifiers: async (names) => named.filter(({ name }) => names.includes(name)),
    finalize: async (granted) => granted,
  }
  const server = new AuthorizationServer(clients, tokenStore, scopeStore, randomUUID())
  server.enableGrantTypes(
    {
      grant: 'authorization_code',
      authCodeRepository: codeStore,
      userRepository: { getUserByCredentials: async () => user },
    },
    'refresh_token',
  )
  async function route(request) {
    const asked = await plainRequest(request)
    const { pathname } = new URL(request.url)
    if (pathname === '/token') return server.respondToAccessTokenRequest(asked)
    if (pathname === '/revoke') return server.revoke(asked)
    const asking = await server.validateAuthorizationRequest(asked)
    asking.user = user
    asking.isAuthorizationApproved = true
    return server.completeAuthorizationRequest(asking)
  }
  const { url, close } = await listen(() => async (request) => {
    try {
      const { status, headers, body } = await route(request)
      return new Response(status === 302 ? null : JSON.stringify(body), { status, headers })
    } catch (error) {
      if (!(error instanceof OAuthException)) throw error
      const { errorType, errorDescription } = error
      return Response.json(
        { error: errorType, error_description: errorDescription },
        { status: error.status },
      )
    }
  })
  return {
    authorizeUrl: `${url}/authorize`,
    tokenUrl: `${url}/token`,
    revocationUrl: `${url}/revoke`,
    setSecret(secret) {
      registered.secret = secret
    },
    revoke() {
      for (const token of tokens) revoked.add(token)
    },
    close,
  }
}
