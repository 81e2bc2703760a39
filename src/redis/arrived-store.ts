import type { Commands } from './commands.ts'
import { dueMember, keysOf, partitionOf } from './keys.ts'

export interface ArrivedAnswer {
  readonly attempt: string
  readonly sealed: string
}

/** Answers kept beside the record of their account. Every method rejects with `StorageUnavailable`. */
export interface ArrivedStore {
  /** Milliseconds after which the account is due. */
  keep(account: string, answer: ArrivedAnswer & { dueIn: number }): Promise<void>
  read(account: string): Promise<ArrivedAnswer[]>
  remove(account: string, attempt: string): Promise<void>
  removeAll(account: string): Promise<void>
}

export function createArrivedStore({
  commands,
  partitions,
}: {
  commands: Commands
  partitions: number
}): ArrivedStore {
  const keys = (account: string) => keysOf(partitionOf(account, partitions))

  return {
    async keep(account, { attempt, sealed, dueIn }) {
      const { arrived, due } = keys(account)
      const member = dueMember({ kind: 'account', id: account })
      await commands.run({
        script: 'keep-answer',
        keys: [arrived(account), due],
        args: [attempt, sealed, member, dueIn],
      })
    },
    async read(account) {
      const found = await commands.hgetall(keys(account).arrived(account))
      return Object.entries(found).map(([attempt, sealed]) => ({ attempt, sealed }))
    },
    async remove(account, attempt) {
      await commands.hdel(keys(account).arrived(account), [attempt])
    },
    async removeAll(account) {
      await commands.del(keys(account).arrived(account))
    },
  }
}
