import { oauthProvider } from '@better-auth/oauth-provider'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { jwt } from 'better-auth/plugins'
import { listen } from './listen.js'

const tables = [
  'user',
  'session',
  'account',
  'verification',
  'jwks',
  'oauthClient',
  'oauthAccessToken',
  'oauthRefreshToken',
  'oauthConsent',
  'oauthResource',
  'oauthClientResource',
]
const alice = { name: 'Alice', email: 'alice@example.com', password: 'correct horse' }

/** better-auth with its OAuth provider; whoever comes is alice, who has signed in already. */
export async function start({ redirectUri, scopes }) {
  const db = Object.fromEntries(tables.map((table) => [table, []]))
  let auth
  let session
  const { url, close } = await listen(async (baseURL) => {
    auth = betterAuth({
      baseURL,
      secret: 'a secret of at least thirty-two characters',
      database: memoryAdapter(db),
      emailAndPassword: { enabled: true },
      logger: { disabled: true },
      rateLimit: { enabled: false },
      telemetry: { enabled: false },
      plugins: [
        jwt(),
        oauthProvider({
          loginPage: '/sign-in',
          consentPage: '/consent',
          scopes,
          silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
        }),
      ],
    })
    const signedUp = await auth.handler(
      new Request(`${baseURL}/api/auth/sign-up/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(alice),
      }),
    )
    session = signedUp.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
    return (request) => {
      if (new URL(request.url).pathname === '/consent') return consent(request)
      // What a browser says of a page that a person goes to; `fetch` says otherwise.
      if (request.method === 'GET') request.headers.set('sec-fetch-mode', 'navigate')
      return auth.handler(request)
    }
  })
  const headers = new Headers({ cookie: session })

  /** What the page would do, with a person who says yes. */
  async function consent(request) {
    const { search, origin } = new URL(request.url)
    const given = await auth.handler(
      new Request(`${origin}/api/auth/oauth2/consent`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: session, origin },
        body: JSON.stringify({ accept: true, oauth_query: search.slice(1) }),
      }),
    )
    const { url: location, ...said } = await given.json()
    return location
      ? new Response(null, { status: 302, headers: { location } })
      : Response.json(said, { status: 400 })
  }

  const made = await auth.api.adminCreateOAuthClient({
    headers,
    body: {
      redirect_uris: [redirectUri],
      scope: scopes.join(' '),
      skip_consent: true,
      client_name: 'tokenbus',
    },
  })
  return {
    authorizeUrl: `${url}/api/auth/oauth2/authorize`,
    tokenUrl: `${url}/api/auth/oauth2/token`,
    revocationUrl: `${url}/api/auth/oauth2/revoke`,
    client: { id: made.client_id, secret: made.client_secret },
    cookie: session,
    async newSecret() {
      const rotated = await auth.api.rotateClientSecret({ headers, body: { client_id: made.client_id } })
      return rotated.client_secret
    },
    revoke() {
      for (const table of ['oauthAccessToken', 'oauthRefreshToken']) db[table].splice(0)
    },
    close,
  }
}
