import { metaKey } from './keys.ts'
import { type RedisClient, reach } from './scripts.ts'

const script = `
if tonumber(ARGV[1]) > tonumber(redis.call('HGET', KEYS[1], 'time') or '0') then
  redis.pcall('HSET', KEYS[1], 'time', ARGV[1])
end
local time = redis.call('TIME')
return { redis.call('HGET', KEYS[1], 'time'), time[1] * 1000 + math.floor(time[2] / 1000) }`

/** Milliseconds. */
export interface HighestTime {
  /** The latest time any node has seen, or the time of Redis if later. */
  readonly highest: number
  readonly redis: number
}

/**
 * Stores the latest time any node has seen, so that a node that starts after Redis' clock was set back does not serve
 * expired tokens. Rejects with `StorageUnavailable`.
 */
export async function highestTime(redis: RedisClient, seen: number): Promise<HighestTime> {
  const [known, now] = (await reach(() => redis.eval(script, 1, metaKey, String(seen)))) as [
    string | null,
    number,
  ]
  return { highest: Math.max(Number(known ?? 0), now), redis: now }
}
