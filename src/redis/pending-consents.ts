import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Integrity } from './integrity.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import { SealError, type Sealer } from './seal.ts'
import type { WriteLevel } from './write-level.ts'

/** What is kept of a consent under way; `secret` is its PKCE verifier. */
export interface Pending {
  readonly details: unknown
  readonly secret: string
}

/** Kept under a secret name for a while, each to be taken once. Verbs reject with `StorageUnavailable`. */
export interface PendingConsents {
  put(ticket: string, pending: Pending): Promise<void>
  /** Leaves it where it is. */
  look(ticket: string): Promise<Pending | null>
  /** Whoever takes it first has it; nobody else will. */
  take(ticket: string): Promise<Pending | null>
  /** Seals anew what an older key has sealed; answers how many it cannot, which end within a quarter of an hour. */
  rewrite(): Promise<number>
}

export interface PendingConsentsOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly sealer: Sealer
  readonly level: Pick<WriteLevel, 'written' | 'lowest'>
  readonly integrity: Pick<Integrity, 'report'>
}

const seconds = 15 * 60
const prefix = 'tb:consent:'
const sealedWholeSince = 2
const wholeSchema = z.object({ details: z.unknown(), secret: z.string() })
const inClearSchema = z.looseObject({ sealed: z.string() })

/**
 * Under a hash of the ticket: who reads Redis cannot finish somebody's consent. Sealed whole, bound to that hash; at the level
 * before, in clear with its verifier sealed, bound to the ticket.
 */
export function createPendingConsents(options: PendingConsentsOptions): PendingConsents {
  const { redis, run, sealer, level, integrity } = options
  const digestOf = (ticket: string) => createHash('sha256').update(ticket).digest('base64url')
  const keyOf = (ticket: string) => prefix + digestOf(ticket)
  const placeOf = (digest: string) => ({ account: digest, generation: 0, slot: 'pending-consent' })
  const placeInClear = (ticket: string) => ({ account: ticket, generation: 0, slot: 'consent' })

  function toText(ticket: string, { details, secret }: Pending): string {
    if (level.written() >= sealedWholeSince)
      return sealer.seal({ text: JSON.stringify({ details, secret }), ...placeOf(digestOf(ticket)) })
    const sealed = sealer.seal({ text: secret, ...placeInClear(ticket) })
    return JSON.stringify({ ...(details as object), sealed })
  }

  function open(ticket: string, text: string): Pending {
    if (!text.startsWith('{'))
      return wholeSchema.parse(
        JSON.parse(sealer.open({ sealed: text, ...placeOf(digestOf(ticket)) }).reveal()),
      )
    if (level.lowest() >= sealedWholeSince) throw new SealError('a consent in clear is not accepted any more')
    const { sealed, ...details } = inClearSchema.parse(JSON.parse(text))
    return { details, secret: sealer.open({ sealed, ...placeInClear(ticket) }).reveal() }
  }

  /** Null too for what was put there by somebody else. */
  function read(ticket: string, text: string | null): Pending | null {
    if (text === null) return null
    try {
      return open(ticket, text)
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      integrity.report({ kind: 'consent', id: digestOf(ticket) })
      return null
    }
  }

  async function reseal(key: string): Promise<boolean> {
    const text = await reach(() => redis.get(key))
    if (text === null) return true
    if (text.startsWith('{')) return !sealer.isStale(inClearSchema.parse(JSON.parse(text)).sealed)
    if (!sealer.isStale(text)) return true
    const place = placeOf(key.slice(prefix.length))
    const anew = sealer.seal({ text: sealer.open({ sealed: text, ...place }).reveal(), ...place })
    await run({ script: 'replace-text', keys: [key], args: [text, anew] })
    return true
  }

  async function* allKeys(): AsyncGenerator<string> {
    for (const node of 'nodes' in redis ? redis.nodes('master') : [redis])
      for await (const keys of node.scanStream({ match: `${prefix}*`, count: 1_000 })) yield* keys as string[]
  }

  return {
    async put(ticket, pending) {
      await reach(() => redis.set(keyOf(ticket), toText(ticket, pending), 'EX', seconds))
    },
    look: async (ticket) => read(ticket, await reach(() => redis.get(keyOf(ticket)))),
    take: async (ticket) => read(ticket, await reach(() => redis.getdel(keyOf(ticket)))),
    async rewrite() {
      let left = 0
      for await (const key of allKeys()) if (!(await reseal(key))) left++
      return left
    },
  }
}
