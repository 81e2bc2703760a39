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
 * Ends a rolling upgrade. Begun, every node soon writes the newest form; page by page all that is stored follows; after the
 * last page an older form is refused. Whoever asks sees to it that every node writes the newest form before the first page.
 */
export function createUpgrade(options: UpgradeOptions): Pick<Tokenbus, 'finishUpgrade'> {
  const { level } = options
  const rewriting = createRewriting(options)
  const none = { looked: 0, rewritten: 0, unopened: [] }

  return {
    async finishUpgrade({ level: to, cursor, limit = defaultPage }) {
      if (to > newestLevel) return fail('conflict', `level: this node knows ${newestLevel} at most`)
      await level.refresh()
      if (level.lowest() >= to) return ok({ level: to, ...none, progress: 1, finished: true })
      if (cursor === undefined) {
        await level.raiseWritten(to)
        return ok({ level: to, ...none, progress: 0, cursor: rewriting.begin })
      }
      if (level.written() < to) return fail('conflict', 'cursor: begin without one')
      try {
        const { allUnopened: _, ...page } = await rewriting.page(cursor, limit)
        if (page.cursor !== undefined) return ok({ level: to, ...page })
        await level.raiseLowest(to)
        return ok({ level: to, ...page, finished: true })
      } catch (error) {
        if (error instanceof BadCursor) return fail('bad_request', 'cursor: not one that a page answered')
        throw error
      }
    },
  }
}
