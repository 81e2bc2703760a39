import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** One request as the provider saw it. */
export interface PlaceCall {
  readonly path: string
  readonly clientId: string
  readonly secret: string
  readonly token: string
  readonly status: number
}

export interface PlaceProvider extends AsyncDisposable {
  readonly origin: string
  readonly calls: PlaceCall[]
  /** The token endpoint in its metadata; null for the correct one. */
  discover(tokenEndpoint: string | null): void
  /** This token is refused from now on. */
  end(token: string): void
  /** While it is down everything is 503. */
  down(is: boolean): void
  sawToken(token: string): boolean
}

interface Registered {
  readonly path: string
  readonly clientId: string
}

/**
 * A provider on an origin of its own: it knows the refresh tokens of one client in one tenant (the path), and answers
 * `invalid_grant` to all else, as Microsoft does. Refresh tokens stay what they are.
 */
export async function startPlaceProvider(registered?: Registered): Promise<PlaceProvider> {
  const calls: PlaceCall[] = []
  const ended = new Set<string>()
  let discovered: string | null = null
  let isDown = false
  let issued = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (path === '/.well-known/openid-configuration') {
      return send(200, {
        issuer: origin,
        token_endpoint: discovered ?? `${origin}/token`,
        authorization_endpoint: `${origin}/authorize`,
        revocation_endpoint: `${origin}/revoke`,
      })
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ')
    const [user = '', password = ''] = Buffer.from(basic, 'base64').toString().split(':')
    const told = {
      path,
      clientId: form.get('client_id') ?? decodeURIComponent(user),
      secret: form.get('client_secret') ?? decodeURIComponent(password),
      token: form.get('refresh_token') ?? form.get('token') ?? '',
    }
    const known =
      registered !== undefined &&
      told.path === registered.path &&
      told.clientId === registered.clientId &&
      !ended.has(told.token)
    const status = isDown ? 503 : path.endsWith('/revoke') || known ? 200 : 400
    // A dummy token of a control, which belongs to no grant.
    if (!told.token.startsWith('tokenbus-control-')) calls.push({ ...told, status })
    if (status === 200)
      return send(200, { access_token: `at-${++issued}`, token_type: 'Bearer', expires_in: 3_600 })
    return send(status, {
      error: isDown ? 'temporarily_unavailable' : 'invalid_grant',
      error_codes: isDown ? [] : [7000012],
    })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
  return {
    origin,
    calls,
    discover(tokenEndpoint) {
      discovered = tokenEndpoint
    },
    end: (token) => void ended.add(token),
    down(is) {
      isDown = is
    },
    sawToken: (token) => calls.some((call) => call.token === token),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
