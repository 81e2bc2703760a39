import { Events, type NatsConnection } from 'nats'

/** Reports when a connection goes down and comes back; assumes it is up at the start. */
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

  function changed(to: boolean): void {
    if (stopped || connected === to) return
    connected = to
    if (to) onUp?.()
    else onDown?.()
  }

  async function follow(): Promise<void> {
    for await (const { type } of nats.status()) {
      if (type === Events.Disconnect) changed(false)
      if (type === Events.Reconnect) changed(true)
    }
  }

  void follow()
  void nats.closed().then(() => changed(false))
  return {
    connected: () => connected,
    stop() {
      stopped = true
    },
  }
}
