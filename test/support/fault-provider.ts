import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Rotation } from '../../machines/index.ts'
import { createFaultGrants, type Truth } from './fault-grants.ts'

/**
 * `hide`: discovery fails. `think`: requests are delayed before they are processed. `swallow`: they are processed, but
 * never answered. `refuse`: 503.
 */
type Behaviour = 'well' | 'hide' | 'think' | 'swallow' | 'refuse'

export interface FaultProvider extends AsyncDisposable {
  readonly issuer: string
  readonly graceSeconds: number
  readonly tokenUrl: string
  /** A new grant's first refresh token. */
  grant(account: string, rotation: Rotation): string
  /** Its user revokes it. */
  end(account: string): void
  truth(account: string): Truth
  behave(how: Behaviour): void
  /** The refresh tokens of requests that wait, were swallowed or were refused since it began to behave so. */
  held(): readonly string[]
  /** When each token request came, ms. */
  readonly requests: readonly number[]
}

/** A provider with every way of treating a spent refresh token, which remembers all it did. */
export async function startFaultProvider({
  expiresIn = 3_600,
  graceSeconds = 60,
} = {}): Promise<FaultProvider> {
  const grants = createFaultGrants({ graceSeconds })
  const requests: number[] = []
  let mode: Behaviour = 'well'
  let held: string[] = []
  const resume = new Set<() => void>()

  const wait = (what: string) => {
    held.push(what)
    return new Promise<void>((resolve) => resume.add(resolve))
  }

  function say(response: ServerResponse, status: number, body: object): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') {
      if (mode === 'hide') await wait('discovery')
      return say(response, 200, { issuer, token_endpoint: `${issuer}/token` })
    }
    requests.push(Date.now())
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const sent = new URLSearchParams(Buffer.concat(chunks).toString()).get('refresh_token') ?? ''
    if (mode === 'think') {
      await wait(sent)
      // A disconnected client's request is not processed.
      if (request.socket.destroyed) return
    }
    if (mode === 'refuse') {
      held.push(sent)
      return say(response, 503, { error: 'temporarily_unavailable' })
    }
    const spent = grants.spend(sent)
    if (mode === 'swallow') return void held.push(sent)
    if (spent === null) return say(response, 400, { error: 'invalid_grant' })
    const { account, refreshToken } = spent
    say(response, 200, {
      access_token: `at/${account}/${requests.length}`,
      token_type: 'Bearer',
      expires_in: expiresIn,
      ...(refreshToken !== sent && { refresh_token: refreshToken }),
    })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const issuer = `http://127.0.0.1:${port}`
  return {
    issuer,
    graceSeconds,
    tokenUrl: `${issuer}/token`,
    grant: grants.begin,
    end: grants.end,
    truth: grants.truth,
    behave(how) {
      mode = how
      held = []
      for (const go of resume) go()
      resume.clear()
    },
    held: () => held,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
