import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { EventFeed, FedEvent } from '../bus/event-feed.ts'
import { mayTouch, type Principal } from '../principal.ts'
import { securityHeaders } from './security-headers.ts'

const stillThereEvery = 15_000
/** Bytes a reader may lag behind before it is let go; it comes back by itself. */
const mostUnread = 4_194_304

/** `GET /v1/events`: every event of the accounts one may see, as it happens (server-sent events, HTML §9.2). */
export function eventRoute(server: FastifyInstance, feed: EventFeed): void {
  server.get('/v1/events', { config: { access: ['events:read'] } }, (request, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { ...securityHeaders, 'content-type': 'text/event-stream' })
    raw.write('retry: 2000\n\n')
    const unlisten = feed.listen((event) => {
      if (!maySee(request, event)) return
      raw.write(`event: ${event.type}\ndata: ${event.body}\n\n`)
      if (raw.writableLength > mostUnread) raw.destroy()
    })
    const timer = setInterval(() => raw.write(':\n\n'), stillThereEvery)
    raw.on('close', () => {
      clearInterval(timer)
      unlisten()
    })
  })
  // Readers stay for hours; nobody waits for them.
  server.addHook('preClose', async () => feed.stop())
}

/** Events of apps are for who may see every account. */
function maySee({ principal }: FastifyRequest, { account }: FedEvent): boolean {
  return mayTouch(principal as Principal, account ?? '')
}
