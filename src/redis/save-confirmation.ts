import { readFileSync } from 'node:fs'
import { Cluster } from 'ioredis'
import { groupBy } from '../common/group-by.ts'
import { keysOf, partitionOf, type Ref } from './keys.ts'
import type { RedisClient } from './scripts.ts'

export interface SaveToConfirm {
  readonly ref: Ref
  readonly saveId: string
}

export interface SaveConfirmation {
  /** True if a replica has this save; false if unknown in time, or if another save came after it. */
  confirm(save: SaveToConfirm): Promise<boolean>
  close(): void
}

interface Waiting extends SaveToConfirm {
  readonly partition: number
  readonly resolve: (confirmed: boolean) => void
}

const script = readFileSync(new URL('./scripts/check-saves.lua', import.meta.url), 'utf8')

/**
 * Confirms that saves have reached a replica. On a separate connection, because WAIT blocks its connection. WAIT covers only
 * the writes of its own connection to its own server, and on a promoted replica it would confirm saves that never arrived: so
 * a script first checks the records, after the reply to their save, and writes. One batch at a time per server; later saves
 * join the next batch.
 */
export async function createSaveConfirmation({
  redis,
  partitions,
  within,
}: {
  redis: RedisClient
  partitions: number
  /** Milliseconds. */
  within: number
}): Promise<SaveConfirmation> {
  const waiter: RedisClient = redis instanceof Cluster ? redis.duplicate() : redis.duplicate()
  // Errors reject at each use.
  waiter.on('error', () => undefined)
  await waiter.connect().catch(() => undefined)
  const slots = new Map<number, number>()
  const batches = new Map<string, { waiting: Waiting[]; running: boolean }>()

  /** The groups of saves by server; only Redis Cluster has several. */
  async function serverOf(partition: number): Promise<string> {
    if (!(waiter instanceof Cluster)) return ''
    let slot = slots.get(partition)
    if (slot === undefined) {
      slot = (await waiter.cluster('KEYSLOT', keysOf(partition).replicated)) as number
      slots.set(partition, slot)
    }
    return waiter.slots[slot]?.join() ?? ''
  }

  async function ask(batch: readonly Waiting[]): Promise<Set<Waiting>> {
    const groups = [...groupBy(batch, ({ partition }) => partition)]
    const pipeline = waiter.pipeline()
    for (const [partition, group] of groups) {
      const keys = keysOf(partition)
      const records = group.map(({ ref }) => keys.record(ref))
      const saveIds = group.map(({ saveId }) => saveId)
      pipeline.eval(script, records.length + 1, keys.replicated, ...records, ...saveIds)
    }
    pipeline.wait(1, within)
    const results = (await pipeline.exec()) ?? []
    const [failed, replicas] = results.at(-1) ?? [new Error('no answer')]
    if (failed !== null || (replicas as number) < 1) return new Set()
    return new Set(
      groups.flatMap(([, group], i) => {
        const [error, same] = results[i] as [Error | null, number[]]
        return error === null ? group.filter((_, j) => same[j] === 1) : []
      }),
    )
  }

  async function run(server: string): Promise<void> {
    const batch = batches.get(server)
    if (batch === undefined || batch.running) return
    batch.running = true
    while (batch.waiting.length > 0) {
      const asked = batch.waiting.splice(0)
      const confirmed = await ask(asked).catch(() => new Set<Waiting>())
      for (const each of asked) each.resolve(confirmed.has(each))
    }
    batches.delete(server)
  }

  return {
    async confirm(save) {
      const partition = partitionOf(save.ref.id, partitions)
      const server = await serverOf(partition).catch(() => '')
      return new Promise((resolve) => {
        const batch = batches.get(server) ?? { waiting: [], running: false }
        batches.set(server, batch)
        batch.waiting.push({ ...save, partition, resolve })
        void run(server)
      })
    },
    close: () => waiter.disconnect(),
  }
}
