import { type Failed, fail } from '../contract/failures.ts'
import type { IfVersion } from '../contract/fields.ts'
import type { Revision } from '../redis/records.ts'

/** Version and save id as one text. Unique even if a failover lost a save, unlike the version. */
export function revisionOf({ version, saveId }: Revision): string {
  return `${version}-${saveId ?? ''}`
}

export interface CheckIfVersion {
  readonly record: Revision
  /** False for a deleted record. */
  readonly exists: boolean
  readonly ifVersion: IfVersion | undefined
}

/** Checks a precondition inside the compare-and-set. Fails with `conflict`. */
export function checkIfVersion({ record, exists, ifVersion }: CheckIfVersion): Failed | undefined {
  if (ifVersion === undefined || isMet({ record, exists, ifVersion })) return undefined
  return fail(
    'conflict',
    exists ? `ifVersion: it exists, and is at ${revisionOf(record)} now` : 'ifVersion: it does not exist',
  )
}

function isMet({ record, exists, ifVersion }: CheckIfVersion): boolean {
  if (ifVersion === 0 || !exists) return ifVersion === 0 && !exists
  return ifVersion === '*' || ifVersion === record.version || ifVersion === revisionOf(record)
}
