import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface PlainCall {
  readonly path: string
  /** The form, with the client's credentials wherever they were. */
  readonly form: Readonly<Record<string, string>>
}

export type PlainAnswer = readonly [status: number, body: object]

export interface PlainProvider extends AsyncDisposable {
  readonly origin: string
  readonly calls: PlainCall[]
}

export interface PlainProviderOptions {
  /** What a POST is answered; it decides by the path and the form. */
  answer(call: PlainCall, calls: readonly PlainCall[]): PlainAnswer | Promise<PlainAnswer>
  /** Further parameters of the callback. */
  readonly callback?: Readonly<Record<string, string>>
}

/** A provider whose POST requests a test answers; its consent page redirects at once. */
export async function startPlainProvider({
  answer,
  callback = {},
}: PlainProviderOptions): Promise<PlainProvider> {
  const calls: PlainCall[] = []

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://provider')
    if (request.method === 'GET') {
      const back = new URL(url.searchParams.get('redirect_uri') as string)
      const said = { ...callback, code: 'the-code', state: url.searchParams.get('state') ?? '' }
      for (const [name, value] of Object.entries(said)) back.searchParams.set(name, value)
      response.writeHead(302, { location: back.href }).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
    const call = { path: url.pathname, form: { ...credentialsIn(request), ...form } }
    calls.push(call)
    const [status, body] = await answer(call, calls)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function credentialsIn({ headers }: IncomingMessage): Record<string, string> {
  const [, basic] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? []
  if (basic === undefined) return {}
  const [user = '', password = ''] = Buffer.from(basic, 'base64').toString().split(':')
  return { client_id: decodeURIComponent(user), client_secret: decodeURIComponent(password) }
}
