import { headers } from 'nats'
import { Agent, request } from 'undici'
import { connectNats } from '../../src/bus/connect.ts'
import { connectRedis } from '../../src/redis/connect.ts'

export interface RefreshFloor {
  readonly natsUrl: string
  readonly redisUrl: string
  readonly tokenUrl: string
  /** Of the client. */
  readonly authorization: string
  readonly refreshTokens: readonly string[]
  /** A recorded transition and a `token.refreshed`, as tokenbus publishes them. */
  readonly transition: string
  readonly refreshed: string
  readonly connections: number
}

/** As much as a save does at least: state and secrets in one hash, its place in `due`, each of its events in the outbox. */
const script = `redis.call('HSET', KEYS[1], 's', ARGV[1], 'c', ARGV[2])
redis.call('ZADD', KEYS[2], 1, KEYS[1])
for i = 3, #ARGV do redis.call('XADD', KEYS[3], '*', 'body', ARGV[i]) end`
const sealed = 's'.repeat(1_200)

/**
 * The floor of a refresh cycle, in a process of its own: `floor.refresh.<i>` does the durable steps of one, and nothing
 * else. Two scripts on Redis, the HTTP call between them, three publishes in order, each after the ack of the one before. It
 * connects as a node does.
 */
async function serve(options: RefreshFloor): Promise<void> {
  const { tokenUrl, authorization, transition, refreshed } = options
  const logger = { debug() {}, warn() {}, info() {}, error() {} } as never
  const redis = (await connectRedis({ url: options.redisUrl, logger })) as import('ioredis').Redis
  const nats = await connectNats({ url: options.natsUrl, name: 'floor', logger })
  const manager = await nats.jetstreamManager()
  await manager.streams.add({ name: 'FLOOR', subjects: ['floor.event.*'] })
  const jetStream = nats.jetstream()
  const agent = new Agent({ connections: options.connections })
  const held = [...options.refreshTokens]
  let sent = 0

  const save = (i: number, events: readonly string[]) =>
    redis.eval(
      script,
      3,
      `floor:{${i % 64}}:${i}`,
      `floor:{${i % 64}}:due`,
      `floor:{${i % 64}}:outbox`,
      transition,
      sealed,
      ...events,
    )

  async function publish(i: number, bodies: readonly string[]): Promise<void> {
    for (const body of bodies) {
      const event = headers()
      for (const name of ['ce-specversion', 'ce-id', 'ce-type', 'ce-source', 'ce-time']) event.set(name, name)
      await jetStream.publish(`floor.event.${i}`, body, { msgID: `floor-${++sent}`, headers: event })
    }
  }

  async function cycle(i: number): Promise<void> {
    const [intent, outcome] = [[transition], [transition, refreshed]]
    await save(i, intent)
    const begun = publish(i, intent)
    const answer = await request(tokenUrl, {
      dispatcher: agent,
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: held[i] as string }).toString(),
    })
    held[i] = ((await answer.body.json()) as { refresh_token: string }).refresh_token
    await save(i, outcome)
    void begun.then(() => publish(i, outcome))
  }

  nats.subscribe('floor.refresh.*', {
    callback: (_, message) =>
      void cycle(Number(message.subject.split('.')[2])).then(() => message.respond('{}')),
  })
  await nats.flush()
}

process.once('message', (options: RefreshFloor) => void serve(options).then(() => process.send?.('serving')))
process.send?.('ready')
