import { once } from 'node:events'
import { createServer } from 'node:http'

const calendars = ['Calendar', 'Birthdays']

/** What the examples ask of Google and Microsoft, by method and path.
 * @type {Record<string, (body: any) => object>}
 */
const answers = {
  'GET /calendar/v3/users/me/calendarList': () => ({
    items: calendars.map((summary) => ({ id: summary.toLowerCase(), summary })),
  }),
  'POST /calendar/v3/calendars/primary/events': (event) => ({
    ...event,
    htmlLink: 'https://calendar.google.com/event?eid=1',
  }),
  'GET /v1.0/me/calendars': () => ({ value: calendars.map((name) => ({ id: name.toLowerCase(), name })) }),
}

/**
 * Answers as Google and Microsoft would, on this machine, to whoever has a token that its issuer says is good.
 * @param {{ issuer: string }} options
 */
export async function startStandIn({ issuer }) {
  const server = createServer(async (request, response) => {
    const { authorization = '' } = request.headers
    const user = await fetch(`${issuer}/me`, { headers: { authorization } })
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const answer = answers[`${request.method} ${request.url}`]
    response.setHeader('content-type', 'application/json')
    if (!user.ok) response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('{}')
    else if (answer === undefined) response.writeHead(404).end('{}')
    else response.end(JSON.stringify(answer(body === '' ? undefined : JSON.parse(body))))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  server.unref()
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return `http://127.0.0.1:${port}`
}
