import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { EventFeed, FedEvent } from '../bus/event-feed.ts'
import type { Principal } from '../principal.ts'
import { authorize, type Needs } from './authorize.ts'
import { securityHeaders } from './security-headers.ts'

const stillThereEvery = 15_000
/** Bytes a reader may lag behind before it is let go; it comes back by itself. */
const mostUnread = 4_194_304

const access = { scopes: ['events:read'] } as const
/** What befalls an app, every account of it feels. */
const ofApps: Needs = { ...access, all: ['accounts'] }

/** `GET /v1/events`: every event of the accounts one may see, as it happens (server-sent events, HTML §9.2). */
export function eventRoute(server: FastifyInstance, feed: EventFeed): void {
  const open = new Set<ServerResponse>()
  server.get('/v1/events', { config: { access } }, (request, reply) => {
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
    open.add(raw)
    raw.on('close', () => {
      open.delete(raw)
      clearInterval(timer)
      unlisten()
    })
  })
  // Readers stay for hours: a server that closes waits for what is under way, and must not wait for them.
  server.addHook('preClose', async () => {
    feed.stop()
    for (const stream of open) stream.destroy()
  })
}

function maySee({ principal }: FastifyRequest, { account, app }: FedEvent): boolean {
  const needs = account === undefined ? ofApps : access
  return authorize(principal as Principal, needs, { account, app }) === undefined
}
