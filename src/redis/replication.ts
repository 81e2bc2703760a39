import { Cluster } from 'ioredis'
import { StartError } from '../common/start-error.ts'
import { type RedisClient, reach } from './scripts.ts'

function nodesOf(redis: RedisClient) {
  return redis instanceof Cluster ? redis.nodes('master') : [redis]
}

async function infoOf(redis: RedisClient, section: string): Promise<Record<string, string>[]> {
  const texts = await reach(() => Promise.all(nodesOf(redis).map((node) => node.info(section))))
  return texts.map((text) =>
    Object.fromEntries(text.split('\r\n').map((line) => line.split(':', 2) as [string, string])),
  )
}

/** Refuses a Redis that may evict keys, which would lose grants. Throws `StartError`. */
export async function assertNoEviction(redis: RedisClient): Promise<void> {
  for (const { maxmemory_policy: policy } of await infoOf(redis, 'memory')) {
    if (policy !== undefined && policy !== 'noeviction') {
      throw new StartError(
        `Redis may evict keys (maxmemory-policy ${policy}); set maxmemory-policy to noeviction.`,
      )
    }
  }
}

/** The number of replicas and the replication id, whose change shows a failover. */
export async function replication(redis: RedisClient): Promise<{ replicas: number; id: string }> {
  const each = await infoOf(redis, 'replication')
  return {
    replicas: Math.min(...each.map(({ connected_slaves: replicas }) => Number(replicas ?? 0))),
    id: each.map(({ master_replid: id }) => id).join(),
  }
}
