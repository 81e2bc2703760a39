import { once } from 'node:events'
import { createServer } from 'node:http'

export interface AskingProvider extends AsyncDisposable {
  readonly authorizeUrl: string
  readonly tokenUrl: string
}

/** A provider that asks the person, and takes every code and token; each answer has new tokens and a new ID token. */
export async function startAskingProvider({ issuer = 'https://accounts.google.com', user = 'bob' } = {}) {
  let issued = 0
  const nonces: (string | null)[] = []

  const server = createServer(async (request, answer) => {
    const { searchParams: asked, pathname } = new URL(request.url ?? '', 'http://127.0.0.1')
    if (pathname === '/authorize') {
      const back = new URL(asked.get('redirect_uri') ?? '')
      const code = nonces.push(asked.get('nonce')) - 1
      back.search = String(new URLSearchParams({ code: `code-${code}`, state: asked.get('state') ?? '' }))
      answer.setHeader('content-type', 'text/html; charset=utf-8')
      answer.end(
        `<!doctype html><html lang="en"><title>Consent</title><a href="${back.href.replaceAll('&', '&amp;')}">Allow</a>`,
      )
      return
    }
    let form = ''
    for await (const part of request) form += part
    const given = new URLSearchParams(form)
    const nonce = nonces[Number(given.get('code')?.slice('code-'.length))]
    issued += 1
    answer.setHeader('content-type', 'application/json')
    const tokens = {
      access_token: `at-${issued}`,
      refresh_token: `rt-${issued}`,
      token_type: 'bearer',
      expires_in: 3_600,
      ...(nonce != null && { id_token: idToken({ issuer, user, nonce, audience: given.get('client_id') }) }),
    }
    answer.end(JSON.stringify(tokens))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const provider: AskingProvider = {
    authorizeUrl: `http://127.0.0.1:${port}/authorize`,
    tokenUrl: `http://127.0.0.1:${port}/token`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
  return provider
}

interface Claims {
  readonly issuer: string
  readonly user: string
  readonly nonce: string
  readonly audience: string | null
}

/** Its signature is not looked at: the connection it comes over is trusted instead (OpenID Connect Core §3.1.3.7). */
function idToken({ issuer, user, nonce, audience }: Claims): string {
  const now = Math.floor(Date.now() / 1_000)
  const claims = {
    iss: issuer,
    aud: audience,
    sub: `sub-of-${user}`,
    email: `${user}@example.com`,
    email_verified: true,
    nonce,
    iat: now,
    exp: now + 3_600,
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`
}
