import { z } from 'zod'
import { everything } from '../principal.ts'
import { scopeSchema } from '../schemas.ts'
import { type RedisClient, reach } from './scripts.ts'

const key = 'tb:{api-tokens}'
const usedKey = `${key}:used`

const storedSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** SHA-256 of the whole token, hex. */
  digest: z.string(),
  scopes: z.array(scopeSchema),
  accounts: z.string(),
  /** Absent in rows that were written before apps were bound. */
  apps: z.string().nullable().optional(),
  perSecond: z.number(),
  /** Milliseconds. */
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
})

export type StoredApiToken = z.output<typeof storedSchema> & { readonly apps: string | null }

/** Of an API token that says none: it writes accounts, and one for some accounts has no say in what apps are for all. */
export const usualApps = (accounts: string) => (accounts === everything ? everything : null)

export type ApiTokenStore = ReturnType<typeof createApiTokenStore>

/** API tokens as stored: never the token. Every verb rejects with `StorageUnavailable`. */
export function createApiTokenStore(redis: RedisClient) {
  const parse = (text: string): StoredApiToken => {
    const row = storedSchema.parse(JSON.parse(text))
    return { ...row, apps: row.apps === undefined ? usualApps(row.accounts) : row.apps }
  }
  return {
    async put(token: StoredApiToken): Promise<void> {
      await reach(() => redis.hset(key, token.id, JSON.stringify(token)))
    },
    async get(id: string): Promise<StoredApiToken | null> {
      const text = await reach(() => redis.hget(key, id))
      return text === null ? null : parse(text)
    },
    /** `lastUsedAt` in milliseconds. */
    async list(): Promise<(StoredApiToken & { lastUsedAt: number | null })[]> {
      const [tokens, used] = await reach(() => Promise.all([redis.hvals(key), redis.hgetall(usedKey)]))
      return tokens.map(parse).map((token) => {
        const at = used[token.id]
        return { ...token, lastUsedAt: at === undefined ? null : Number(at) }
      })
    },
    /** False when there was none. */
    async remove(id: string): Promise<boolean> {
      const removed = await reach(() => redis.hdel(key, id))
      await reach(() => redis.hdel(usedKey, id))
      return removed > 0
    },
    async used(id: string, at: number): Promise<void> {
      await reach(() => redis.hset(usedKey, id, at))
    },
  }
}
