import { connect } from 'nats'
import { connectRedis } from '../../src/redis/connect.ts'

/**
 * The floors, in a process of their own: `floor.echo` answers what it was started with; `floor.read` reads one hash
 * from Redis first.
 */
const [natsUrl, redisUrl, key, reply] = process.argv.slice(2) as [string, string, string, string]
const bytes = new TextEncoder().encode(reply)
const logger = { debug() {}, warn() {}, info() {} } as never
const redis = (await connectRedis({ url: redisUrl, logger })) as import('ioredis').Redis
const nats = await connect({ servers: natsUrl })
nats.subscribe('floor.echo.*', { queue: 'floor', callback: (_, message) => void message.respond(bytes) })
nats.subscribe('floor.read.*', {
  queue: 'floor',
  callback: (_, message) => void redis.hgetall(key).then(() => message.respond(bytes)),
})
await nats.flush()
process.send?.('ready')
