import { mkdir, writeFile } from 'node:fs/promises'
import { Redis } from 'ioredis'
import { metaKey } from '../../src/redis/keys.ts'
import { eventually } from './eventually.ts'
import { startNats } from './nats.ts'
import { startTestNode, type TestNode } from './node.ts'
import { startRedis } from './redis.ts'
import { chosenPaths, sampleFor } from './stored-accounts.ts'
import {
  accountsOf,
  keepAnswer,
  putAccounts,
  putApps,
  putTheRest,
  spooledBy,
  ticket,
} from './stored-content.ts'
import { directory, readFixture } from './stored-fixture.ts'

const keys = `fixture:${Buffer.alloc(32, 7).toString('base64')}`
const partitions = 4

async function contentOf(redis: Redis, key: string): Promise<{ type: string; content: unknown }> {
  const type = await redis.type(key)
  if (type === 'hash') return { type, content: await redis.hgetall(key) }
  if (type === 'zset') return { type, content: await redis.zrange(key, '0', '-1', 'WITHSCORES') }
  if (type === 'stream') return { type, content: await redis.xrange(key, '-', '+') }
  return { type, content: await redis.get(key) }
}

async function historiesOf({ tokenbus, storage }: TestNode, accounts: readonly string[]) {
  await eventually(async () => {
    if ((await storage.records.outbox.size()) > 0) throw new Error('not all events are in their stream')
  })
  const each = accounts.map(async (account) => {
    const history = await tokenbus.accountHistory(account, {})
    if (!history.ok) throw new Error(history.failure.message)
    return [account, history.value.transitions] as const
  })
  return Object.fromEntries(await Promise.all(each))
}

const chosen = async ({ host }: TestNode) => chosenPaths((await host.accounts.load('unborn')).snapshot)

/** What this version stores, to `test/fixtures/stored/<name>.json`, anew or on the Redis of an older version: see the README there. */
async function write(name: string, older: string | undefined): Promise<void> {
  await using redisServer = await startRedis()
  const natsServer = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const redis = new Redis(redisServer.url)
  const urls = { natsUrl: natsServer.url, redisUrl: redisServer.url }
  const refreshToken = () => new Promise<never>(() => {})
  if (older !== undefined) {
    const meta = readFixture(older).redis[metaKey]?.content
    await redis.hset(metaKey, meta as Record<string, string>)
  }
  const node = await startTestNode({ ...urls, refreshToken, keys, partitions, waker: false })
  await putApps(node)
  const histories = await historiesOf(node, await putAccounts(node, await chosen(node)))
  const apiToken = await putTheRest(node)
  await keepAnswer(node)
  const spooled = await spooledBy(node)
  // From here on events stay in the outbox.
  await natsServer.stop()
  await accountsOf(node).receive('alice', ({ snapshot }) => sampleFor('account.updated', snapshot))
  const found: Record<string, unknown> = {}
  for (const key of (await redis.keys('tb:*')).toSorted()) found[key] = await contentOf(redis, key)
  await mkdir(directory, { recursive: true })
  const fixture = { keys, partitions, ticket, apiToken, spooled, histories, redis: found }
  await writeFile(new URL(`${name}.json`, directory), toLines(fixture))
  redis.disconnect()
}

/** A line for each key and each transition. */
function toLines({ histories, redis, ...rest }: { histories: object; redis: object }): string {
  const lines = (of: object) =>
    Object.entries(of).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  const whole = [
    ...lines(rest),
    `"histories":{\n${lines(histories).join(',\n')}}`,
    `"redis":{\n${lines(redis).join(',\n')}}`,
  ]
  return `{${whole.join(',\n')}}\n`
}

const [, , name = 'today', older] = process.argv
await write(name, older)
process.exit(0)
