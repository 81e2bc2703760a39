import type { Msg, NatsConnection, Subscription } from 'nats'
import { nuid } from 'nats'
import type { Admission } from './admission.ts'
import { matcherOf } from './refusal-of.ts'

/** The statistics of an endpoint in `$SRV.STATS`. Times are nanoseconds. */
export interface EndpointStats {
  readonly name: string
  readonly subject: string
  readonly queue_group: string
  num_requests: number
  num_errors: number
  last_error: string
  processing_time: number
}

/**
 * Makes the endpoints visible as a NATS micro service: answers `$SRV.PING|INFO|STATS[.<name>[.<id>]]`
 * (nats-architecture-and-design, ADR-32). It does not subscribe the endpoints themselves, because the client library's
 * service wrapper costs each request two clock readings, an allocation and a division.
 */
export function announceService({
  nats,
  admission,
  name,
  version,
  description,
  metadata,
  endpoints,
}: {
  nats: NatsConnection
  admission: Admission
  name: string
  version: string
  description: string
  metadata: Readonly<Record<string, string>>
  endpoints: readonly EndpointStats[]
}): Subscription[] {
  const identity = { name, id: nuid.next(), version, metadata }
  const started = new Date().toISOString()

  const answers = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...identity,
      description,
      endpoints: endpoints.map(({ name, subject, queue_group }) => ({
        name,
        subject,
        queue_group,
        metadata: {},
      })),
    }),
    STATS: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started,
      endpoints: endpoints.map((stats) => ({
        ...stats,
        average_processing_time: Math.round(stats.processing_time / Math.max(1, stats.num_requests)),
      })),
    }),
  }

  function subscribe(subject: string, answer: () => object): Subscription {
    const isOwn = matcherOf(subject)
    return nats.subscribe(subject, {
      callback(error: Error | null, message: Msg) {
        const caller = error === null ? admission.admit(message, isOwn) : undefined
        if (caller !== undefined && admission.secondsToWait(caller) === 0)
          message.respond(JSON.stringify(answer()))
      },
    })
  }

  return Object.entries(answers).flatMap(([verb, answer]) =>
    [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${identity.id}`].map((subject) =>
      subscribe(subject, answer),
    ),
  )
}
