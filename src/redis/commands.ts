import { createScripts, type RedisClient, type RunScript, reach } from './scripts.ts'

/** The Redis commands used at run time. Each rejects with `StorageUnavailable` if its outcome is unknown. */
export interface Commands {
  readonly run: RunScript
  /** The oldest entries after `from`: id, and alternating fields and values. */
  xrange(key: string, range: { from?: string | undefined; count: number }): Promise<[string, string[]][]>
  xdel(key: string, ids: readonly string[]): Promise<unknown>
  xlen(key: string): Promise<number>
  /** Members with the prefix in byte order, after `after`, skipping the first `skip`. */
  zmembers(key: string, page: MemberPage): Promise<string[]>
  /** The number of members with the prefix. */
  zcount(key: string, prefix: string): Promise<number>
  /** The lowest score; null without members. */
  zlowest(key: string): Promise<number | null>
  zinter(keys: readonly [string, string]): Promise<string[]>
  zcard(key: string): Promise<number>
  zadd(key: string, score: number, member: string): Promise<unknown>
  zrem(key: string, member: string): Promise<unknown>
  hgetall(key: string): Promise<Record<string, string>>
  hdel(key: string, fields: readonly string[]): Promise<unknown>
  del(key: string): Promise<unknown>
  /** The number of members with at least this score. */
  zcountFrom(key: string, score: number): Promise<number>
}

export interface MemberPage {
  readonly after: string
  readonly limit: number
  readonly prefix?: string | undefined
  readonly skip?: number | undefined
}

/** A byte that does not occur in UTF-8, so it sorts after everything with the prefix. */
const last = Buffer.of(0xff)
const endOf = (prefix: string) => (prefix === '' ? '+' : Buffer.concat([Buffer.from(`(${prefix}`), last]))
const beginOf = (prefix: string) => (prefix === '' ? '-' : `[${prefix}`)

/** A foreign cursor must not leave the range of the prefix. */
function startOf({ after, prefix = '' }: Pick<MemberPage, 'after' | 'prefix'>): string {
  const inside = after !== '' && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0
  return inside ? `(${after}` : beginOf(prefix)
}

export function createCommands(redis: RedisClient): Commands {
  return {
    run: createScripts(redis),
    xrange: (key, { from, count }) =>
      reach(() => redis.xrange(key, from === undefined ? '-' : `(${from}`, '+', 'COUNT', count)),
    xdel: (key, ids) => reach(() => redis.xdel(key, ...ids)),
    xlen: (key) => reach(() => redis.xlen(key)),
    zmembers: (key, { prefix = '', skip = 0, limit, after }) =>
      reach(() => redis.zrangebylex(key, startOf({ after, prefix }), endOf(prefix), 'LIMIT', skip, limit)),
    zcount: (key, prefix) => reach(() => redis.zlexcount(key, beginOf(prefix), endOf(prefix))),
    zlowest: (key) =>
      reach(async () => {
        const [, score] = await redis.zrange(key, '0', '0', 'WITHSCORES')
        return score === undefined ? null : Number(score)
      }),
    zinter: (keys) => reach(() => redis.zinter(2, [...keys])),
    zcard: (key) => reach(() => redis.zcard(key)),
    zadd: (key, score, member) => reach(() => redis.zadd(key, score, member)),
    zrem: (key, member) => reach(() => redis.zrem(key, member)),
    hgetall: (key) => reach(() => redis.hgetall(key)),
    hdel: (key, fields) => reach(() => redis.hdel(key, ...fields)),
    del: (key) => reach(() => redis.del(key)),
    zcountFrom: (key, score) => reach(() => redis.zcount(key, score, '+inf')),
  }
}
