import { afterAll, beforeAll } from 'vitest'
import { type NatsServer, startNats } from './nats.ts'
import { type RedisServer, startRedis } from './redis.ts'

/** JetStream and Redis for a whole test file: to be called at its top, to be read in its tests. */
export function useEngines(): { readonly natsUrl: string; readonly redisUrl: string } {
  let nats: NatsServer
  let redis: RedisServer
  beforeAll(async () => {
    nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
    redis = await startRedis()
  })
  afterAll(async () => {
    await nats.stop()
    await redis.stop()
  })
  return {
    get natsUrl() {
      return nats.url
    },
    get redisUrl() {
      return redis.url
    },
  }
}
