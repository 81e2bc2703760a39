import type { Commands } from './commands.ts'
import { keysOf, partitionOf } from './keys.ts'

/**
 * Accounts that are about to join an app, so that the app is not deleted between its read and the account's save. `at`:
 * cluster time in milliseconds. If a node crashes in between, the deletion is delayed by a minute.
 */
export interface Joining {
  begin(joining: { app: string; account: string; at: number }): Promise<void>
  end(joining: { app: string; account: string }): Promise<void>
  count(app: string, options: { at: number }): Promise<number>
}

const holds = 60_000

export function createJoining(commands: Commands, { partitions }: { partitions: number }): Joining {
  const keyOf = (app: string, account: string) => keysOf(partitionOf(account, partitions)).joining(app)
  return {
    async begin({ app, account, at }) {
      await commands.zadd(keyOf(app, account), at, account)
    },
    async end({ app, account }) {
      await commands.zrem(keyOf(app, account), account)
    },
    async count(app, { at }) {
      const each = Array.from({ length: partitions }, (_, index) =>
        commands.zcountFrom(keysOf(index).joining(app), at - holds),
      )
      return (await Promise.all(each)).reduce((total, count) => total + count, 0)
    },
  }
}
