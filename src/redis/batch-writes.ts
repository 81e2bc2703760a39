import { Cluster, type Redis } from 'ioredis'
import type { RedisClient } from './scripts.ts'

/**
 * Sends the commands of one event-loop iteration in one write: a system call for each command costs
 * as much as the command. Call it before the client connects.
 */
export function batchWrites(redis: RedisClient): void {
  if (redis instanceof Cluster) redis.on('+node', batchEach)
  else batchEach(redis)
}

function batchEach(redis: Redis): void {
  redis.on('connect', () => {
    // Another one after each reconnect.
    const { stream } = redis
    const write = stream.write.bind(stream) as (...all: unknown[]) => boolean
    const uncork = () => stream.uncork()
    stream.write = (...all: unknown[]) => {
      if (stream.writableCorked === 0) {
        stream.cork()
        process.nextTick(uncork)
      }
      return write(...all)
    }
  })
}
