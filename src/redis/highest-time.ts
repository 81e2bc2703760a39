import { metaKey } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

const script = `
if tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'time') or '0') then
  redis.pcall('HSET', KEYS[1], 'time', ARGV[1])
end
local time = redis.call('TIME')
return { redis.call('HGET', KEYS[1], 'time'), time[1] * 1000 + math.floor(time[2] / 1000) }`

/**
 * Remembers the latest time that any node has seen, and answers it or Redis' own, whichever is later: a node that starts
 * after Redis' clock was set back is not to serve what has expired. Milliseconds; rejects with `StorageUnavailable`.
 */
export async function highestTime(redis: RedisClient, seen: number): Promise<number> {
  const [known, now] = (await reach(() => redis.eval(script, 1, metaKey, String(seen)))) as [
    string | null,
    number,
  ]
  return Math.max(Number(known ?? 0), now)
}
