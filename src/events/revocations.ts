import type { NatsConnection } from 'nats'
import { apiTokenRevoked } from '../bus/subjects.ts'
import { StartError } from '../common/start-error.ts'

export interface Revocations {
  announce(id: string): void
  stop(): void
}

/** Calls `onRevoked` for every API token revoked on any node. Rejects with `StartError`. */
export async function watchRevocations({
  nats,
  onRevoked,
}: {
  nats: NatsConnection
  onRevoked(id: string): void
}): Promise<Revocations> {
  let refused: Error | undefined
  const subscription = nats.subscribe(apiTokenRevoked, {
    callback(error, message) {
      if (error === null) onRevoked(message.string())
      else refused = error
    },
  })
  await nats.flush()
  if (refused !== undefined)
    throw new StartError(`The NATS user lacks the permission to subscribe to ${apiTokenRevoked}.`, {
      cause: refused,
    })
  return {
    // A node that misses this looks the token up again within seconds.
    announce(id) {
      onRevoked(id)
      if (!nats.isClosed()) nats.publish(apiTokenRevoked, id)
    },
    stop: () => subscription.unsubscribe(),
  }
}
