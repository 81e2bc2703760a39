import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands before a token endpoint: it sees every request, and can lose an answer. */
export interface Wire extends AsyncDisposable {
  readonly tokenUrl: string
  /** The forms of refreshes, in order, control requests apart. */
  readonly refreshes: readonly URLSearchParams[]
  /** The next refresh arrives; its answer does not. */
  loseAnswer(): void
  /** Sends a refresh that was seen once more, with the proof of identity it had. */
  repeat(refresh: URLSearchParams): Promise<{ status: number; error: string | undefined }>
}

export async function startWire(upstream: string): Promise<Wire> {
  const refreshes: URLSearchParams[] = []
  let loses = false
  let proof: Record<string, string> = {}
  const forward = (body: string, headers: Record<string, string>) =>
    fetch(upstream, { method: 'POST', body, headers: { 'content-type': form, ...headers } })
  const server = createServer(async (request, response) => {
    const body = await textOf(request)
    const asked = new URLSearchParams(body)
    const { authorization } = request.headers
    const isRefresh = asked.get('grant_type') === 'refresh_token' && !body.includes('tokenbus-control-')
    if (isRefresh) {
      refreshes.push(asked)
      proof = authorization === undefined ? {} : { authorization }
    }
    const sent = forward(body, authorization === undefined ? {} : { authorization })
    // A server that restarts takes no request.
    const answer = await sent.catch(() => undefined)
    if (answer === undefined) return void request.socket.destroy()
    if (loses && isRefresh) {
      loses = false
      return void request.socket.destroy()
    }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    response.end(await answer.text())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    tokenUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    refreshes,
    loseAnswer() {
      loses = true
    },
    async repeat(refresh) {
      const answer = await forward(String(refresh), proof)
      const said = (await answer.json().catch(() => ({}))) as { error?: string }
      return { status: answer.status, error: said.error }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const form = 'application/x-www-form-urlencoded'

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
