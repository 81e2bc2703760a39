import { fail, ok } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { BadCursor } from '../redis/records.ts'
import type { Sealer } from '../redis/seal.ts'
import { createRewriting, type RewritingOptions } from './rewriting.ts'

export interface KeyRotationOptions extends RewritingOptions {
  readonly sealer: Pick<Sealer, 'keyIds'>
  /** Called once nothing is encrypted with the other keys; returns their ids. */
  retireKeys(): Promise<string[]>
}

const defaultPage = 100

/** Re-encrypts and re-signs everything with the current key, so that the others can be removed. */
export function createKeyRotation(options: KeyRotationOptions): Pick<Tokenbus, 'rotateKeys'> {
  const [sealing = ''] = options.sealer.keyIds
  const rewriting = createRewriting(options)

  return {
    async rotateKeys({ key, cursor = rewriting.begin, limit = defaultPage }) {
      if (key !== sealing) {
        return fail(
          'conflict',
          `key: this node encrypts with ${sealing}; put the new key first in its TOKENBUS_KEYS`,
        )
      }
      try {
        const { rewritten, allUnopened, ...page } = await rewriting.page(cursor, limit)
        const ended = page.cursor === undefined && allUnopened === 0
        const retired = ended ? { retired: await options.retireKeys() } : {}
        return ok({ key, ...page, resealed: rewritten, ...retired })
      } catch (error) {
        if (error instanceof BadCursor)
          return fail('bad_request', 'cursor: must be the cursor of an earlier page')
        throw error
      }
    },
  }
}
