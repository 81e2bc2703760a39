import { readdirSync, readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { z } from 'zod'

const storedSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hash'), content: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('string'), content: z.string() }),
  z.object({ type: z.literal('zset'), content: z.array(z.string()) }),
  z.object({ type: z.literal('stream'), content: z.array(z.tuple([z.string(), z.array(z.string())])) }),
])

const fixtureSchema = z.strictObject({
  keys: z.string(),
  partitions: z.int(),
  ticket: z.string(),
  apiToken: z.string(),
  spooled: z.string(),
  histories: z.record(z.string(), z.array(z.unknown())),
  redis: z.record(z.string(), storedSchema),
})

export type StoredFixture = z.output<typeof fixtureSchema>

/** Also where this is run built, from `dist`. */
const root = import.meta.url.endsWith('.ts') ? '../../' : '../../../'
export const directory = new URL(`${root}test/fixtures/stored/`, import.meta.url)

/** The versions of which there is one. */
export const storedFixtures = readdirSync(directory)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

export function readFixture(version: string): StoredFixture {
  return fixtureSchema.parse(JSON.parse(readFileSync(new URL(`${version}.json`, directory), 'utf8')))
}

/** Replaces the content of Redis by the fixture. */
export async function restore(redis: Redis, { redis: keys }: StoredFixture): Promise<void> {
  await redis.flushall()
  for (const [key, { type, content }] of Object.entries(keys)) {
    if (type === 'hash') await redis.hset(key, content)
    if (type === 'string') await redis.set(key, content)
    if (type === 'zset') {
      for (let i = 0; i < content.length; i += 2)
        await redis.zadd(key, content[i + 1] as string, content[i] as string)
    }
    if (type === 'stream') for (const [id, fields] of content) await redis.xadd(key, id, ...fields)
  }
}

/** The records of one kind, by id, as they lie in Redis. */
export function recordsOf(
  { redis }: StoredFixture,
  kind: 'account' | 'app',
): Map<string, Record<string, string>> {
  const found = Object.entries(redis).flatMap(([key, { content }]) => {
    const [, id] = new RegExp(`^tb:\\{\\d+\\}:${kind}:(.+)$`).exec(key) ?? []
    return id === undefined ? [] : [[id, content as Record<string, string>] as const]
  })
  return new Map(found)
}
