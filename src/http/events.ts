import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ApiTokens } from '../admin/verify-api-token.ts'
import type { Principal } from '../contract/principal.ts'
import type { EventFeed, FeedEvent } from '../events/event-feed.ts'
import { authorize, type Needs } from './authorize.ts'
import { tokenOf } from './credentials.ts'
import { createEventStream, type EventStream, eventStreamType } from './event-stream.ts'
import type { Operation } from './operation.ts'
import { refuse } from './refused.ts'

export interface EventRouteOptions {
  readonly feed: EventFeed
  readonly apiTokens: Pick<ApiTokens, 'verify'>
}

const stillThereEvery = 15_000
/**
 * A revoked or expired API token ends its streams within 5 s, also on a node that missed the revocation: it is checked
 * again every 4 s.
 */
const stillValidEvery = 1_000
const maxOfOneToken = 8

const access = { scopes: ['events:read'] } as const
/** Events of an app concern all its accounts. */
const ofApps: Needs = { ...access, all: ['accounts'] }

export const eventsOperation: Operation = {
  method: 'GET',
  url: '/v1/events',
  summary: 'Events of all accounts and apps that the API token covers (server-sent events)',
  access,
  headers: z.strictObject({
    'last-event-id': z
      .string()
      .optional()
      .describe('the last event id received: events missed since are sent first'),
  }),
  answers: {
    200: { description: 'An event stream', type: eventStreamType, schema: z.string() },
  },
}

/** `GET /v1/events`: all events the API token may see, and with `Last-Event-ID` the missed ones. */
export function eventRoute(server: FastifyInstance, { feed, apiTokens }: EventRouteOptions): void {
  const open = new Set<ServerResponse>()
  const perToken = new Map<string, number>()
  const count = (id: string, more: number) => {
    const now = (perToken.get(id) ?? 0) + more
    if (now > 0) perToken.set(id, now)
    else perToken.delete(id)
  }

  server.get('/v1/events', { config: { access } }, (request, reply) => {
    // HEAD ends without a stream.
    if (request.method === 'HEAD') return reply.type(eventStreamType).send()
    const principal = request.principal as Principal
    if ((perToken.get(principal.id) ?? 0) >= maxOfOneToken)
      throw refuse('rate_limited', `an API token has ${maxOfOneToken} streams on a node at most`, {
        retryAfter: 5,
      })
    const { raw } = reply.hijack()
    const stream = createEventStream(raw, feed.position)
    const unlisten = feed.listen((event) => {
      if (maySee(principal, event)) stream.send(event)
    })
    const timers = [
      setInterval(stream.beat, stillThereEvery),
      setInterval(() => {
        stream.begin()
        void endUnlessValid(raw, tokenOf(request.headers) as string)
      }, stillValidEvery),
    ]
    open.add(raw)
    count(principal.id, 1)
    raw.on('close', () => {
      open.delete(raw)
      count(principal.id, -1)
      for (const timer of timers) clearInterval(timer)
      unlisten()
    })
    const last = request.headers['last-event-id']
    if (typeof last === 'string' && last !== '') sendMissed(stream, { last, principal, raw })
  })

  async function endUnlessValid(raw: ServerResponse, token: string): Promise<void> {
    try {
      if ((await apiTokens.verify(token)) === null) raw.destroy()
    } catch {
      // While Redis is unavailable no token can be revoked either.
    }
  }

  function sendMissed(
    stream: EventStream,
    { last, principal, raw }: { last: string; principal: Principal; raw: ServerResponse },
  ): void {
    const missed = feed.since(last).then(({ events, gap }) => ({
      gap,
      events: events.filter((event) => maySee(principal, event)),
    }))
    // JetStream is unavailable: the reader reconnects by itself.
    stream.after(missed).catch(() => raw.destroy())
  }

  // A closing server waits for requests in flight, and must not wait for event streams, which last for hours.
  server.addHook('preClose', async () => {
    feed.stop()
    for (const stream of open) stream.destroy()
  })
}

function maySee(principal: Principal, { account, app }: FeedEvent): boolean {
  return authorize(principal, account === undefined ? ofApps : access, { account, app }) === undefined
}
