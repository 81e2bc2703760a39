import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { ExpectedError } from '../contract/expected-error.ts'
import { fail } from '../contract/failures.ts'
import { NewerForm } from './newer-form.ts'
import type { Signed, Signer } from './signer.ts'
import type { WriteLevel } from './write-level.ts'

/** A record fails its integrity check: it is not used until an operator restores it. */
export class Tampered extends ExpectedError {
  readonly failed = fail('storage_tampered', 'the stored record was not written by tokenbus; it is not used')

  constructor({ kind, id }: Pick<Signed, 'kind' | 'id'>) {
    super(`${kind} ${id} was changed in Redis by somebody without the sealing keys`)
  }
}

/** For lists, which skip unusable records; they have been logged already. */
export function nullIfUnusable(error: unknown): null {
  if (error instanceof Tampered || error instanceof NewerForm) return null
  throw error
}

export interface Verification {
  /** While rows without a MAC are accepted, MACs prove nothing, since an attacker could remove them. */
  readonly accepted: boolean
  /** True if it has to be rewritten: in an older format, or signed with an older key. */
  readonly stale: boolean
}

export interface Integrity {
  /** Undefined while the write level has no MACs. */
  sign(what: Signed): string | undefined
  verify(what: Signed, mac: string | undefined): Verification
  /** Called for each record that was not accepted. */
  report(what: Pick<Signed, 'kind' | 'id'>): void
  onTampering(listener: (kind: string) => void): void
}

export interface IntegrityOptions {
  readonly signer: Signer
  readonly level: Pick<WriteLevel, 'written' | 'lowest'>
  readonly logger: Pick<Logger, 'error'>
}

const signedSince = 2
const loggedEvery = 60_000
const maxRemembered = 1_000

export function createIntegrity({ signer, level, logger }: IntegrityOptions): Integrity {
  const listeners: ((kind: string) => void)[] = []
  const logged = new LRUCache<string, true>({ max: maxRemembered, ttl: loggedEvery })

  return {
    sign: (what) => (level.written() >= signedSince ? signer.sign(what) : undefined),
    verify(what, mac) {
      if (level.written() < signedSince) return { accepted: true, stale: false }
      const valid = mac !== undefined && signer.verify(what, mac)
      return { accepted: valid || level.lowest() < signedSince, stale: !valid || signer.isStale(mac) }
    },
    report({ kind, id }) {
      for (const listener of listeners) listener(kind)
      const name = `${kind} ${id}`
      if (logged.has(name)) return
      logged.set(name, true)
      logger.error({ kind, id }, 'tampering: a record in Redis was not written by tokenbus, and is not used')
    },
    onTampering: (listener) => void listeners.push(listener),
  }
}
