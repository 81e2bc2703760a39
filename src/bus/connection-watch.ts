import { Events, type NatsConnection } from 'nats'

/** Follows whether a connection is up. It counts as up when the watch begins. */
export function watchConnection({
  nats,
  onDown,
  onUp,
}: {
  nats: NatsConnection
  onDown?: () => void
  onUp?: () => void
}): { connected(): boolean; stop(): void } {
  let connected = !nats.isClosed()
  let stopped = false

  function moved(to: boolean): void {
    if (stopped || connected === to) return
    connected = to
    if (to) onUp?.()
    else onDown?.()
  }

  async function follow(): Promise<void> {
    for await (const { type } of nats.status()) {
      if (type === Events.Disconnect) moved(false)
      if (type === Events.Reconnect) moved(true)
    }
  }

  void follow()
  void nats.closed().then(() => moved(false))
  return {
    connected: () => connected,
    stop() {
      stopped = true
    },
  }
}
