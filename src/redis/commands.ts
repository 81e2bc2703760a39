import { createScripts, type RedisClient, type RunScript, reach } from './scripts.ts'

/** All that is asked of Redis while it serves. Each rejects with `StorageUnavailable` when its outcome is not known. */
export interface Commands {
  readonly run: RunScript
  /** The oldest entries, those after `from`: id, and fields and values in turn. */
  xrange(key: string, range: { from?: string | undefined; count: number }): Promise<[string, string[]][]>
  xdel(key: string, ids: readonly string[]): Promise<unknown>
  xlen(key: string): Promise<number>
  /** Members after `after`, by bytes. */
  zmembers(key: string, page: { after: string; limit: number }): Promise<string[]>
  zinter(keys: readonly [string, string]): Promise<string[]>
  zcard(key: string): Promise<number>
}

export function createCommands(redis: RedisClient): Commands {
  return {
    run: createScripts(redis),
    xrange: (key, { from, count }) =>
      reach(() => redis.xrange(key, from === undefined ? '-' : `(${from}`, '+', 'COUNT', count)),
    xdel: (key, ids) => reach(() => redis.xdel(key, ...ids)),
    xlen: (key) => reach(() => redis.xlen(key)),
    zmembers: (key, { after, limit }) =>
      reach(() => redis.zrangebylex(key, after === '' ? '-' : `(${after}`, '+', 'LIMIT', 0, limit)),
    zinter: (keys) => reach(() => redis.zinter(2, [...keys])),
    zcard: (key) => reach(() => redis.zcard(key)),
  }
}
