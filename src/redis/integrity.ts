import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { ExpectedError } from '../contract/expected-error.ts'
import { fail } from '../contract/failures.ts'
import { NewerForm } from './newer-form.ts'
import type { Signed, Signer } from './signer.ts'
import type { WriteLevel } from './write-level.ts'

/** What Redis holds was not written by tokenbus: it is not used, and does not come back by itself. */
export class Tampered extends ExpectedError {
  readonly failed = fail(
    'storage_tampered',
    'what is stored of this was changed from outside; it is not used',
  )

  constructor({ kind, id }: Pick<Signed, 'kind' | 'id'>) {
    super(`${kind} ${id} was changed in Redis by somebody without the sealing keys`)
  }
}

/** For lists, which do without what is not to be used here: it has been told of. */
export function nullIfUnusable(error: unknown): null {
  if (error instanceof Tampered || error instanceof NewerForm) return null
  throw error
}

export interface Judgement {
  /** While the form without a MAC is accepted, everything is: whoever changes a row could leave its MAC out. */
  readonly accepted: boolean
  /** To be written anew: in an older form, or signed with an older key. */
  readonly stale: boolean
}

export interface Integrity {
  /** Undefined while the cluster writes the form without a MAC. */
  sign(what: Signed): string | undefined
  judge(what: Signed, mac: string | undefined): Judgement
  /** Tells of what was not accepted. */
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
const mostRemembered = 1_000

export function createIntegrity({ signer, level, logger }: IntegrityOptions): Integrity {
  const listeners: ((kind: string) => void)[] = []
  const logged = new LRUCache<string, true>({ max: mostRemembered, ttl: loggedEvery })

  return {
    sign: (what) => (level.written() >= signedSince ? signer.sign(what) : undefined),
    judge(what, mac) {
      if (level.written() < signedSince) return { accepted: true, stale: false }
      const valid = mac !== undefined && signer.verify(what, mac)
      return { accepted: valid || level.lowest() < signedSince, stale: !valid || signer.isStale(mac) }
    },
    report({ kind, id }) {
      for (const listener of listeners) listener(kind)
      const name = `${kind} ${id}`
      if (logged.has(name)) return
      logged.set(name, true)
      logger.error({ kind, id }, 'tampering: Redis holds what tokenbus did not write; it is not used')
    },
    onTampering: (listener) => void listeners.push(listener),
  }
}
