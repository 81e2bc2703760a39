import { z } from 'zod'
import { scopeSchema } from '../contract/api-token.ts'
import { everything } from '../contract/principal.ts'
import type { Integrity } from './integrity.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'

const key = 'tb:{api-tokens}'
const usedKey = `${key}:used`

const storedSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** SHA-256 of the whole token, hex. */
  digest: z.string(),
  scopes: z.array(scopeSchema),
  accounts: z.string(),
  /** Absent in rows of versions without this field. */
  apps: z.string().nullable().optional(),
  perSecond: z.number(),
  /** Milliseconds. */
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
})

export type StoredApiToken = z.output<typeof storedSchema> & { readonly apps: string | null }

/** The default of `apps`: a token limited to some accounts must not change apps, which affect all accounts. */
export const usualApps = (accounts: string) => (accounts === everything ? everything : null)

/** Stored API tokens, without the tokens themselves. Every method rejects with `StorageUnavailable`. */
export interface ApiTokenStore {
  put(token: StoredApiToken): Promise<void>
  get(id: string): Promise<StoredApiToken | null>
  /** `lastUsedAt` in milliseconds. */
  list(): Promise<(StoredApiToken & { lastUsedAt: number | null })[]>
  /** False if there was none. */
  remove(id: string): Promise<boolean>
  used(id: string, at: number): Promise<void>
  /** Rewrites rows in an older format or signed with an older key; returns how many. */
  rewrite(): Promise<number>
}

export interface ApiTokenStoreOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly integrity: Integrity
}

/** Stored as `<mac> <row>`; by older versions without a MAC. */
interface Row {
  readonly id: string
  readonly content: string
  readonly mac: string | undefined
}

export function createApiTokenStore({ redis, run, integrity }: ApiTokenStoreOptions): ApiTokenStore {
  const signedOf = ({ id, content }: Omit<Row, 'mac'>) => ({ kind: 'api-token', id, content })

  function toText(row: Omit<Row, 'mac'>): string {
    const mac = integrity.sign(signedOf(row))
    return mac === undefined ? row.content : `${mac} ${row.content}`
  }

  /** Null for a row that fails its integrity check; it counts as absent. */
  function parse(row: Row): StoredApiToken | null {
    if (!integrity.verify(signedOf(row), row.mac).accepted) {
      integrity.report(signedOf(row))
      return null
    }
    const token = storedSchema.parse(JSON.parse(row.content))
    return { ...token, apps: token.apps === undefined ? usualApps(token.accounts) : token.apps }
  }

  return {
    async put(token) {
      const text = toText({ id: token.id, content: JSON.stringify(token) })
      await reach(() => redis.hset(key, token.id, text))
    },
    async get(id) {
      const text = await reach(() => redis.hget(key, id))
      return text === null ? null : parse(toRow(id, text))
    },
    async list() {
      const [rows, used] = await reach(() => Promise.all([redis.hgetall(key), redis.hgetall(usedKey)]))
      return Object.entries(rows).flatMap(([id, text]) => {
        const token = parse(toRow(id, text))
        const at = used[id]
        return token === null ? [] : [{ ...token, lastUsedAt: at === undefined ? null : Number(at) }]
      })
    },
    async remove(id) {
      const removed = await reach(() => redis.hdel(key, id))
      await reach(() => redis.hdel(usedKey, id))
      return removed > 0
    },
    async used(id, at) {
      await reach(() => redis.hset(usedKey, id, at))
    },
    async rewrite() {
      const rows = Object.entries(await reach(() => redis.hgetall(key)))
      const stale = rows.filter(([id, text]) => isStale(toRow(id, text)))
      for (const [id, text] of stale)
        await run({ script: 'replace-field', keys: [key], args: [id, text, toText(toRow(id, text))] })
      return stale.length
    },
  }

  /** A row that is not accepted must not be signed. */
  function isStale(row: Row): boolean {
    const { stale, accepted } = integrity.verify(signedOf(row), row.mac)
    return stale && accepted
  }
}

function toRow(id: string, text: string): Row {
  const start = text.indexOf('{')
  return { id, content: text.slice(start), mac: start > 0 ? text.slice(0, start - 1) : undefined }
}
