import { realTimers, type Timers } from '../common/timers.ts'

export interface Waiter<Change> {
  /**
   * Resolves at the account's next change, or after `ms`. The value is the account after the change, if this node made it.
   * A change since the previous call resolves it at once.
   */
  next(ms: number): Promise<Change | undefined>
  leave(): void
}

/** Callers waiting for an account to change. Register *before* loading it: a change in between would be missed. */
export interface Waiting<Change> {
  register(account: string): Waiter<Change>
  wake(account: string, change?: Change): void
  size(): number
}

export function createWaiting<Change>({ after }: Pick<Timers, 'after'> = realTimers): Waiting<Change> {
  const waiters = new Map<string, Set<(change?: Change) => void>>()
  return {
    register(account) {
      let changed: { change: Change | undefined } | undefined
      let proceed: (() => void) | undefined
      const notify = (change?: Change) => {
        changed = { change }
        proceed?.()
      }
      const ofAccount = waiters.get(account) ?? new Set()
      waiters.set(account, ofAccount.add(notify))
      return {
        async next(ms) {
          if (changed === undefined) {
            let cancel = () => {}
            await new Promise<void>((resolve) => {
              proceed = resolve
              cancel = after(ms, resolve)
            })
            cancel()
          }
          const change = changed?.change
          changed = undefined
          proceed = undefined
          return change
        },
        leave() {
          ofAccount.delete(notify)
          if (ofAccount.size === 0 && waiters.get(account) === ofAccount) waiters.delete(account)
        },
      }
    },
    wake(account, change) {
      for (const notify of waiters.get(account) ?? []) notify(change)
    },
    size: () => waiters.size,
  }
}
