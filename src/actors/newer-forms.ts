import type { Logger } from 'pino'
import { SnapshotError } from '../../machines/index.ts'
import type { Observer } from '../common/observer.ts'
import { NewerForm } from '../redis/newer-form.ts'
import type { Ref, Revision } from '../redis/records.ts'
import { UnknownSeal } from '../redis/seal.ts'

export interface NewerFormsOptions {
  readonly logger: Pick<Logger, 'error'>
  readonly observer: Pick<Observer, 'unreadable'>
}

export interface NewerForms {
  /** Returns the result of `read`. Throws `NewerForm` if only other nodes can read the record. */
  reading<T>(ref: Ref, record: Revision, read: () => T): T
}

/** Distinguishes records for newer nodes from broken ones; counts them, and logs once. */
export function createNewerForms({ logger, observer }: NewerFormsOptions): NewerForms {
  const logged = new Set<string>()

  return {
    reading<T>(ref: Ref, record: Revision, read: () => T): T {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof SnapshotError || error instanceof UnknownSeal)) throw error
        observer.unreadable(ref.kind)
        const what = `${ref.kind}: ${error.constructor.name}`
        if (!logged.has(what)) {
          logged.add(what)
          logger.error(
            { err: error, ...ref },
            'stored by a newer version, or encrypted with a key this node lacks: left to other nodes (logged once)',
          )
        }
        throw new NewerForm({ ref, read: record, cause: error })
      }
    },
  }
}
