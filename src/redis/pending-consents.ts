import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Integrity } from './integrity.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import { SealError, type Sealer } from './seal.ts'
import type { WriteLevel } from './write-level.ts'

/** The state of a pending consent; `secret` is its PKCE verifier. */
export interface Pending {
  readonly details: unknown
  readonly secret: string
}

/** Pending consents, stored under secret tickets with an expiry. Methods reject with `StorageUnavailable`. */
export interface PendingConsents {
  put(ticket: string, pending: Pending, life?: { seconds: number }): Promise<void>
  look(ticket: string): Promise<Pending | null>
  /**
   * Changes it atomically; the expiry stays. Returns the result of `change`; null if it no longer exists, or `change` leaves
   * it unchanged.
   */
  update(ticket: string, change: (known: Pending) => Pending | null): Promise<Pending | null>
  /** Re-encrypts those encrypted with an older key; returns how many it cannot, which expire within a week. */
  rewrite(): Promise<number>
}

export interface PendingConsentsOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly sealer: Sealer
  readonly level: Pick<WriteLevel, 'written' | 'lowest'>
  readonly integrity: Pick<Integrity, 'report'>
}

const usualLife = { seconds: 15 * 60 }
const maxTries = 20
const prefix = 'tb:consent:'
const sealedWholeSince = 2
const wholeSchema = z.object({ details: z.unknown(), secret: z.string() })
const inClearSchema = z.looseObject({ sealed: z.string() })

/**
 * Keyed by a hash of the ticket, so that read access to Redis is not enough to finish a consent. Encrypted as a whole and
 * bound to that hash; at the previous level only the verifier is encrypted, bound to the ticket.
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

  /** Also null if it was not written by tokenbus. */
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
    const resealed = sealer.seal({ text: sealer.open({ sealed: text, ...place }).reveal(), ...place })
    await run({ script: 'replace-text', keys: [key], args: [text, resealed] })
    return true
  }

  async function* allKeys(): AsyncGenerator<string> {
    for (const node of 'nodes' in redis ? redis.nodes('master') : [redis])
      for await (const keys of node.scanStream({ match: `${prefix}*`, count: 1_000 })) yield* keys as string[]
  }

  return {
    async put(ticket, pending, { seconds } = usualLife) {
      await reach(() => redis.set(keyOf(ticket), toText(ticket, pending), 'EX', seconds))
    },
    look: async (ticket) => read(ticket, await reach(() => redis.get(keyOf(ticket)))),
    async update(ticket, change) {
      for (let tries = 0; tries < maxTries; tries++) {
        const text = await reach(() => redis.get(keyOf(ticket)))
        const known = read(ticket, text)
        const changed = known && change(known)
        if (text === null || changed === null) return null
        const args = [text, toText(ticket, changed)]
        if ((await run({ script: 'replace-text', keys: [keyOf(ticket)], args })) === 1) return changed
      }
      return null
    },
    async rewrite() {
      let left = 0
      for await (const key of allKeys()) if (!(await reseal(key))) left++
      return left
    },
  }
}
