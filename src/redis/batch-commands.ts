import { Cluster, type Redis } from 'ioredis'
import { batchWrites } from '../common/batch-writes.ts'
import type { RedisClient } from './scripts.ts'

/** Sends the commands of one event-loop iteration in one write. Call it before the client connects. */
export function batchCommands(redis: RedisClient): void {
  if (redis instanceof Cluster) redis.on('+node', batchEach)
  else batchEach(redis)
}

function batchEach(redis: Redis): void {
  redis.on('connect', () => {
    // ioredis creates a new stream for each connection.
    batchWrites(redis.stream)
  })
}
