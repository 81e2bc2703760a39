import type { Msg, NatsConnection, NatsError } from 'nats'
import type { Logger } from 'pino'
import { StartError } from '../start-error.ts'
import { watchConnection } from './connection-watch.ts'
import { decodeId } from './subject-token.ts'

const watched = ['account.transition', 'account.removed'] as const

export interface AccountChange {
  readonly type: (typeof watched)[number]
  /** The event's body, parsed when asked for: most caches only need to know that something changed. */
  body(): unknown
}

export interface InvalidationWatch {
  connected(): boolean
  stop(): void
}

/**
 * Tells of every account that changed, on whichever node; resolves once the server sends. While the connection
 * is down changes are missed: between `onDown` and `onUp` nothing known about an account can be trusted.
 */
export async function watchInvalidations({
  nats,
  onChange,
  onDown,
  onUp,
  logger,
}: {
  nats: NatsConnection
  onChange: (account: string, change: AccountChange) => void
  onDown?: () => void
  onUp?: () => void
  logger?: Logger
}): Promise<InvalidationWatch> {
  let refused: NatsError | undefined
  const connection = watchConnection({ nats, ...(onDown && { onDown }), ...(onUp && { onUp }) })
  const subscriptions = watched.map((type) =>
    nats.subscribe(`${type}.*`, {
      callback(error, message) {
        if (error === null) return tell(type, message)
        refused = error
        logger?.error({ code: error.code, subject: `${type}.*` }, 'nats refused a subscription')
        onDown?.()
      },
    }),
  )

  // A throw in a callback would end the reading of the connection.
  function tell(type: AccountChange['type'], message: Msg): void {
    try {
      const account = decodeId(message.subject.slice(type.length + 1))
      if (account.ok) onChange(account.value, { type, body: () => message.json() })
    } catch (error) {
      logger?.error({ err: error }, 'a change could not be handled')
    }
  }

  await nats.flush()
  if (refused !== undefined)
    throw new StartError(
      'The NATS user lacks the permission to subscribe to account.transition.* and account.removed.*.',
      {
        cause: refused,
      },
    )
  return {
    connected: connection.connected,
    stop() {
      connection.stop()
      for (const subscription of subscriptions) subscription.unsubscribe()
    },
  }
}
