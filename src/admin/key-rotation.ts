import { fail, ok } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { BadCursor } from '../redis/records.ts'
import type { Sealer } from '../redis/seal.ts'
import { createRewriting, type RewritingOptions } from './rewriting.ts'

export interface KeyRotationOptions extends RewritingOptions {
  readonly sealer: Pick<Sealer, 'keyIds'>
  /** When nothing is sealed with the other keys any more. Answers their ids. */
  retireKeys(): Promise<string[]>
}

const defaultPage = 100

/** Seals and signs everything anew with the key of today; once nothing needs the others, they may go. */
export function createKeyRotation(options: KeyRotationOptions): Pick<Tokenbus, 'rotateKeys'> {
  const [sealing = ''] = options.sealer.keyIds
  const rewriting = createRewriting(options)

  return {
    async rotateKeys({ key, cursor = rewriting.begin, limit = defaultPage }) {
      if (key !== sealing) {
        return fail(
          'conflict',
          `key: this node seals with ${sealing}; put the new key first in its TOKENBUS_KEYS`,
        )
      }
      try {
        const { rewritten, allUnopened, ...page } = await rewriting.page(cursor, limit)
        const ended = page.cursor === undefined && allUnopened === 0
        const retired = ended ? { retired: await options.retireKeys() } : {}
        return ok({ key, ...page, resealed: rewritten, ...retired })
      } catch (error) {
        if (error instanceof BadCursor) return fail('bad_request', 'cursor: not one that a page answered')
        throw error
      }
    },
  }
}
