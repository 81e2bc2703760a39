import type { Commands } from './commands.ts'
import { dueMember, keysOf, partitionOf } from './keys.ts'

export interface ArrivedAnswer {
  readonly attempt: string
  readonly sealed: string
}

/** Answers kept beside the record of their account. Every verb rejects with `StorageUnavailable`. */
export function createArrivedStore({ commands, partitions }: { commands: Commands; partitions: number }) {
  const keys = (account: string) => keysOf(partitionOf(account, partitions))

  return {
    /** The account is due after so many milliseconds. */
    async keep(
      account: string,
      { attempt, sealed, dueIn }: ArrivedAnswer & { dueIn: number },
    ): Promise<void> {
      const { arrived, due } = keys(account)
      const member = dueMember({ kind: 'account', id: account })
      await commands.run({
        script: 'keep-answer',
        keys: [arrived(account), due],
        args: [attempt, sealed, member, dueIn],
      })
    },
    async read(account: string): Promise<ArrivedAnswer[]> {
      const found = await commands.hgetall(keys(account).arrived(account))
      return Object.entries(found).map(([attempt, sealed]) => ({ attempt, sealed }))
    },
    async remove(account: string, attempt: string): Promise<void> {
      await commands.hdel(keys(account).arrived(account), [attempt])
    },
    async removeAll(account: string): Promise<void> {
      await commands.del(keys(account).arrived(account))
    },
  }
}

export type ArrivedStore = ReturnType<typeof createArrivedStore>
