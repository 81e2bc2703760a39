import type { NatsConnection, NatsError, Subscription } from 'nats'
import type { Logger } from 'pino'
import type { Tokenbus } from '../api.ts'
import { StartError } from '../start-error.ts'
import { createEndpoint, type Endpoint, type ReadCached } from './endpoint.ts'
import { announceService } from './service-announcement.ts'
import { requests } from './subjects.ts'

const queue = 'tokenbus'

export interface ListenOptions {
  readonly nats: NatsConnection
  readonly tokenbus: Tokenbus
  readonly version: string
  readonly logger?: Logger
  /** What `$SRV.INFO` tells of this node. */
  readonly metadata?: Readonly<Record<string, string>>
  /**
   * Asked first on `token.get`, with the account as its subject token: the whole reply, or undefined to go
   * the long way. What it returns is sent in the same tick.
   */
  readonly readCached?: ReadCached
}

/** Answers every request of the contract. `stop` takes no more, and resolves once those under way are answered. */
export async function listen(options: ListenOptions): Promise<{ stop(): Promise<void> }> {
  const { nats, tokenbus, version, logger, metadata = {}, readCached } = options
  const underWay = new Set<Promise<void>>()
  const refused: NatsError[] = []

  function subscribe({ stats, answeredAtOnce, answer }: Endpoint): Subscription {
    return nats.subscribe(stats.subject, {
      queue,
      callback(error, message) {
        if (error !== null) {
          refused.push(error)
          logger?.error({ code: error.code, subject: stats.subject }, 'nats refused a subscription')
        } else if (!answeredAtOnce(message)) {
          const answered = answer(message).finally(() => underWay.delete(answered))
          underWay.add(answered)
        }
      },
    })
  }

  const endpoints = requests.map((route) =>
    createEndpoint({
      route,
      queue,
      tokenbus,
      readCached: route.verb === 'token.get' ? readCached : undefined,
      logger,
    }),
  )
  const subscriptions = [
    ...endpoints.map(subscribe),
    ...announceService({
      nats,
      name: 'tokenbus',
      version,
      description: 'OAuth2 access tokens, always valid',
      metadata,
      endpoints: endpoints.map(({ stats }) => stats),
    }),
  ]

  async function drain(): Promise<void> {
    await Promise.allSettled(subscriptions.map((subscription) => subscription.drain()))
    await Promise.allSettled(underWay)
    await nats.flush().catch(() => {})
  }

  await nats.flush()
  if (refused.length > 0) {
    const subjects = refused.map(({ permissionContext }) => permissionContext?.subject).join(', ')
    throw new StartError(`The NATS user lacks the permission to subscribe to ${subjects}.`)
  }
  let stopping: Promise<void> | undefined
  return {
    stop: () => {
      stopping ??= drain()
      return stopping
    },
  }
}
