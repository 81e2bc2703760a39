import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface ApiCall {
  readonly method: string
  readonly path: string
  readonly token: string | undefined
  readonly body: string
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string
  readonly calls: ApiCall[]
  /** Which token it takes; others get a 401 with this `WWW-Authenticate`. */
  accepts: (token: string) => boolean
  challenge: string
  /** How it answers, once it has accepted the token. */
  answer: (call: ApiCall, response: ServerResponse) => void
}

/** An API that looks at the bearer, as the providers' do. */
export async function startApi(): Promise<ApiServer> {
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const call = {
      method: request.method ?? '',
      path: request.url ?? '',
      token: /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1],
      body: Buffer.concat(chunks).toString(),
    }
    api.calls.push(call)
    response.setHeader('content-type', 'application/json')
    if (call.token !== undefined && api.accepts(call.token)) return api.answer(call, response)
    response.writeHead(401, { 'www-authenticate': api.challenge }).end('{"error":{"code":401}}')
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  const api: ApiServer = {
    url: `http://127.0.0.1:${port}`,
    calls: [],
    accepts: () => true,
    challenge: 'Bearer',
    answer: (_, response) => response.end('{}'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
  return api
}
