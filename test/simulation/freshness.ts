import type { AccountContext } from '../../machines/index.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import type { Keyspace } from './keyspace.ts'
import type { Machine } from './machine.ts'
import { partitions } from './partitions.ts'
import type { WriteWatch } from './simulated-redis.ts'
import { storedContextOf } from './stored-context.ts'
import type { World } from './world.ts'

export interface FreshnessOptions {
  readonly world: World
  readonly accounts: readonly string[]
  /** True if this machine could reach Redis and receive changes since then. */
  wasWellSince(machine: Machine, time: number): boolean
  isForgetful(): boolean
  fail(message: string): void
}

export interface Served {
  readonly machine: Machine
  readonly account: string
  readonly generation: number
}

interface Standing {
  readonly generation: number
  readonly ended: boolean
  readonly since: number
}

/** Who saves announces at once. Where that is lost with the node, another finds the save in the outbox. */
const knownWithin = 5_000

/** A healthy node serves nothing that was replaced or ended more than a moment ago, with or without JetStream. */
export function createFreshness({ world, accounts, wasWellSince, isForgetful, fail }: FreshnessOptions) {
  const standings = new Map<string, Standing>()
  const accountOf = new Map(
    accounts.map((id) => [keysOf(partitionOf(id, partitions)).record({ kind: 'account', id }), id]),
  )

  function standingOf(space: Keyspace, key: string): Omit<Standing, 'since'> {
    const fields = space.hashes.get(key)?.fields
    const { tokenGeneration: generation = 0 } = storedContextOf<AccountContext>(fields)
    const state = fields?.get('state')
    return { generation, ended: state === undefined || state === 'revoked' }
  }

  const written: WriteWatch = (space, records) => {
    for (const key of records === 'any' ? accountOf.keys() : records) {
      const account = accountOf.get(key)
      if (account === undefined) continue
      const { generation, ended } = standingOf(space, key)
      const before = standings.get(account)
      if (before?.generation === generation && before.ended === ended) continue
      standings.set(account, { generation, ended, since: world.now() })
    }
  }

  return {
    written,
    served({ machine, account, generation }: Served): void {
      const standing = standings.get(account)
      if (standing === undefined || isForgetful()) return
      const { since, ended } = standing
      const isStale = ended || generation < standing.generation
      const age = Math.round(world.now() - since)
      if (!isStale || age < knownWithin || !wasWellSince(machine, since - knownWithin)) return
      const what = ended ? 'though it had ended' : `where ${standing.generation} was saved`
      fail(`${account}: ${machine.name} served generation ${generation} ${what} ${age} ms before`)
    },
  }
}
