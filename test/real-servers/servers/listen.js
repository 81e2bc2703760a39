import { once } from 'node:events'
import { createServer } from 'node:http'

/** A handler that takes a `Request` and answers a `Response`, at a free port of this machine. */
export async function listen(makeHandler) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const handle = await makeHandler(url)
  server.on('request', async (incoming, outgoing) => {
    const chunks = []
    for await (const chunk of incoming) chunks.push(chunk)
    const hasBody = chunks.length > 0
    const request = new Request(new URL(incoming.url, url), {
      method: incoming.method,
      headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      ...(hasBody && { body: Buffer.concat(chunks) }),
    })
    const response = await handle(request)
    outgoing.writeHead(response.status, {
      ...Object.fromEntries(response.headers),
      'set-cookie': response.headers.getSetCookie(),
    })
    outgoing.end(Buffer.from(await response.arrayBuffer()))
  })
  return {
    url,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A form or query, as the libraries want to have it. */
export async function plainRequest(request) {
  const url = new URL(request.url)
  return {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    query: Object.fromEntries(url.searchParams),
    body: request.method === 'POST' ? Object.fromEntries(new URLSearchParams(await request.text())) : {},
  }
}
