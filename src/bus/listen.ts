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
  /** The metadata of this node in `$SRV.INFO`. */
  readonly metadata?: Readonly<Record<string, string>>
  /**
   * Called first for `token.get`, with the account as a subject token. Returns the whole reply, which is sent
   * synchronously, or undefined if the cache cannot answer.
   */
  readonly readCached?: ReadCached
  /** Checks each reply against its schema before sending. */
  readonly checkReplies?: boolean
  readonly onFailed?: (failed: FailedRequest) => void
}

/** Answers all requests of the contract. `stop` accepts no more, and resolves once those in flight are answered. */
export async function listen(options: ListenOptions): Promise<{ stop(): Promise<void> }> {
  const { nats, tokenbus, version, logger, audit, metadata = {}, readCached, onFailed } = options
  const { checkReplies = false } = options
  const admission = createAdmission(options)
  const inFlight = new Set<Promise<void>>()
  const refused: NatsError[] = []

  function subscribe(endpoint: Endpoint): Subscription {
    const { subject } = endpoint.stats
    return nats.subscribe(subject, {
      queue,
      callback(error, message) {
        if (error === null) return receive(endpoint, message)
        refused.push(error)
        logger?.error({ code: error.code, subject }, 'nats does not permit a subscription')
      },
    })
  }

  function receive(endpoint: Endpoint, message: Msg): void {
    const caller = admission.admit(message, endpoint.isOwn)
    if (caller === undefined) return
    const seconds = admission.secondsToWait(caller)
    if (seconds > 0) {
      endpoint.respondRateLimited(message, seconds)
    } else if (!endpoint.answerFromMemory(message, caller)) {
      const answered = endpoint.answer(message, caller).finally(() => inFlight.delete(answered))
      inFlight.add(answered)
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
    await Promise.allSettled(inFlight)
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
