import { realTimers, type Timers } from '../common/timers.ts'

export interface Waiter<News> {
  /**
   * Resolves at the account's next change, or after `ms`, whichever comes first; with what the change led to where this
   * node made it. A change since the last call counts.
   */
  next(ms: number): Promise<News | undefined>
  leave(): void
}

/** Callers that wait for an account to change. Registered *before* the load, else the wake-up slips in between. */
export interface Waiting<News> {
  register(account: string): Waiter<News>
  wake(account: string, news?: News): void
  size(): number
}

export function createWaiting<News>({ after }: Pick<Timers, 'after'> = realTimers): Waiting<News> {
  const rooms = new Map<string, Set<(news?: News) => void>>()
  return {
    register(account) {
      let changed: { news: News | undefined } | undefined
      let proceed: (() => void) | undefined
      const ring = (news?: News) => {
        changed = { news }
        proceed?.()
      }
      const room = rooms.get(account) ?? new Set()
      rooms.set(account, room.add(ring))
      return {
        async next(ms) {
          if (changed === undefined) {
            let callOff = () => {}
            await new Promise<void>((resolve) => {
              proceed = resolve
              callOff = after(ms, resolve)
            })
            callOff()
          }
          const news = changed?.news
          changed = undefined
          proceed = undefined
          return news
        },
        leave() {
          room.delete(ring)
          if (room.size === 0 && rooms.get(account) === room) rooms.delete(account)
        },
      }
    },
    wake(account, news) {
      for (const ring of rooms.get(account) ?? []) ring(news)
    },
    size: () => rooms.size,
  }
}
