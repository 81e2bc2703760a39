import { randomUUID } from 'node:crypto'
import type { Commands } from './commands.ts'
import { keysOf, partitionOf } from './keys.ts'

/**
 * Puts that are about to bind an account to an app, so that the app is not deleted between its read and the account's
 * save. `at`: cluster time in milliseconds. If a node crashes in between, the deletion is delayed by a minute.
 */
export interface Joining {
  /** Registers one put, and returns how to end that: another put of the same account has a registration of its own. */
  begin(joining: { app: string; account: string; at: number }): Promise<() => Promise<void>>
  /** The registrations of the last minute. */
  count(app: string, options: { at: number }): Promise<number>
}

const holds = 60_000

export function createJoining(commands: Commands, { partitions }: { partitions: number }): Joining {
  const keyOf = (app: string, account: string) => keysOf(partitionOf(account, partitions)).joining(app)
  return {
    async begin({ app, account, at }) {
      const [key, member] = [keyOf(app, account), `${account} ${randomUUID()}`]
      await commands.zadd(key, at, member)
      return async () => void (await commands.zrem(key, member))
    },
    async count(app, { at }) {
      const each = Array.from({ length: partitions }, (_, index) =>
        commands.zcountFrom(keysOf(index).joining(app), at - holds),
      )
      return (await Promise.all(each)).reduce((total, count) => total + count, 0)
    },
  }
}
