import { fail, ok } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { BadCursor } from '../redis/records.ts'
import { newestLevel, type WriteLevel } from '../redis/write-level.ts'
import { createRewriting, type RewritingOptions } from './rewriting.ts'

export interface UpgradeOptions extends RewritingOptions {
  readonly level: WriteLevel & {
    raiseWritten(to: number): Promise<void>
    raiseLowest(to: number): Promise<void>
  }
}

const defaultPage = 100

/**
 * Finishes a rolling upgrade. The first call raises the write level, which all nodes adopt within seconds; the next ones
 * rewrite everything page by page; after the last page older formats are rejected. The caller must make sure that every node
 * has adopted the level before it requests the first page.
 */
export function createUpgrade(options: UpgradeOptions): Pick<Tokenbus, 'finishUpgrade'> {
  const { level } = options
  const rewriting = createRewriting(options)
  const none = { looked: 0, rewritten: 0, unopened: [] }

  return {
    async finishUpgrade({ level: to, cursor, limit = defaultPage }) {
      if (to > newestLevel) return fail('conflict', `level: this node supports ${newestLevel} at most`)
      await level.refresh()
      if (level.lowest() >= to) return ok({ level: to, ...none, progress: 1, finished: true })
      if (cursor === undefined) {
        await level.raiseWritten(to)
        return ok({ level: to, ...none, progress: 0, cursor: rewriting.begin })
      }
      if (level.written() < to) return fail('conflict', 'cursor: the first request must have none')
      try {
        const { allUnopened: _, ...page } = await rewriting.page(cursor, limit)
        if (page.cursor !== undefined) return ok({ level: to, ...page })
        await level.raiseLowest(to)
        return ok({ level: to, ...page, finished: true })
      } catch (error) {
        if (error instanceof BadCursor)
          return fail('bad_request', 'cursor: must be the cursor of an earlier page')
        throw error
      }
    },
  }
}
