import type { Msg, NatsConnection, NatsError, Subscription } from 'nats'
import type { Logger } from 'pino'
import type { Audit } from '../common/audit.ts'
import { StartError } from '../common/start-error.ts'
import type { FailedRequest } from '../contract/failed-request.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { type AdmissionOptions, createAdmission } from './admission.ts'
import { createEndpoint, type Endpoint, type ReadCached } from './endpoint.ts'
import { requestRoutes } from './request-routes.ts'
import { announceService } from './service-announcement.ts'

const queue = 'tokenbus'

export interface ListenOptions extends Pick<AdmissionOptions, 'replyPrefixes' | 'callerRate' | 'onRefused'> {
  readonly nats: NatsConnection
  readonly tokenbus: Tokenbus
  readonly version: string
  readonly logger?: Logger
  readonly audit?: Pick<Audit, 'tokenRead'>
  /** What `$SRV.INFO` tells of this node. */
  readonly metadata?: Readonly<Record<string, string>>
  /**
   * Asked first on `token.get`, with the account as its subject token: the whole reply, or undefined to go
   * the long way. What it returns is sent in the same tick.
   */
  readonly readCached?: ReadCached
  /** Checks each reply against its schema before it goes out. */
  readonly checkReplies?: boolean
  readonly onFailed?: (failed: FailedRequest) => void
}

/** Answers every request of the contract. `stop` takes no more, and resolves once those under way are answered. */
export async function listen(options: ListenOptions): Promise<{ stop(): Promise<void> }> {
  const { nats, tokenbus, version, logger, audit, metadata = {}, readCached, onFailed } = options
  const { checkReplies = false } = options
  const admission = createAdmission(options)
  const underWay = new Set<Promise<void>>()
  const refused: NatsError[] = []

  function subscribe(endpoint: Endpoint): Subscription {
    const { subject } = endpoint.stats
    return nats.subscribe(subject, {
      queue,
      callback(error, message) {
        if (error === null) return receive(endpoint, message)
        refused.push(error)
        logger?.error({ code: error.code, subject }, 'nats refused a subscription')
      },
    })
  }

  function receive(endpoint: Endpoint, message: Msg): void {
    const caller = admission.admit(message, endpoint.isOwn)
    if (caller === undefined) return
    const seconds = admission.secondsToWait(caller)
    if (seconds > 0) {
      endpoint.slowDown(message, seconds)
    } else if (!endpoint.answeredAtOnce(message, caller)) {
      const answered = endpoint.answer(message, caller).finally(() => underWay.delete(answered))
      underWay.add(answered)
    }
  }

  const endpoints = requestRoutes.map((route) =>
    createEndpoint({
      route,
      queue,
      tokenbus,
      readCached: route.verb === 'token.get' ? readCached : undefined,
      audit,
      logger,
      checkReplies,
      onFailed,
    }),
  )
  const subscriptions = [
    ...endpoints.map(subscribe),
    ...announceService({
      nats,
      admission,
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
