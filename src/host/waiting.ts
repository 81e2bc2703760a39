export interface Waiter {
  /** Resolves at the account's next change, or after `ms`, whichever comes first. A change since the last call counts. */
  next(ms: number): Promise<void>
  leave(): void
}

/** Callers that wait for an account to change. Registered *before* the load, else the wake-up slips in between. */
export interface Waiting {
  register(account: string): Waiter
  wake(account: string): void
  size(): number
}

export function createWaiting(): Waiting {
  const rooms = new Map<string, Set<() => void>>()
  return {
    register(account) {
      let changed = false
      let proceed: (() => void) | undefined
      const ring = () => {
        changed = true
        proceed?.()
      }
      const room = rooms.get(account) ?? new Set()
      rooms.set(account, room.add(ring))
      return {
        async next(ms) {
          if (!changed) {
            let timer: NodeJS.Timeout | undefined
            await new Promise<void>((resolve) => {
              proceed = resolve
              timer = setTimeout(resolve, ms)
            })
            clearTimeout(timer)
          }
          changed = false
          proceed = undefined
        },
        leave() {
          room.delete(ring)
          if (room.size === 0 && rooms.get(account) === room) rooms.delete(account)
        },
      }
    },
    wake(account) {
      for (const ring of rooms.get(account) ?? []) ring()
    },
    size: () => rooms.size,
  }
}
