import { type Failed, fail } from '../contract/failures.ts'
import type { IfVersion } from '../contract/fields.ts'
import type { Revision } from '../redis/records.ts'

/** Version and save id as one text. Unlike the version it is never the same in two histories (after a failover). */
export function revisionOf({ version, saveId }: Revision): string {
  return `${version}-${saveId ?? ''}`
}

export interface CheckIfVersion {
  readonly record: Revision
  /** False for what was deleted. */
  readonly exists: boolean
  readonly ifVersion: IfVersion | undefined
}

/** For inside the compare-and-set: is this still what the caller has seen? Fails with `conflict`. */
export function checkIfVersion({ record, exists, ifVersion }: CheckIfVersion): Failed | undefined {
  if (ifVersion === undefined || isMet({ record, exists, ifVersion })) return undefined
  if (ifVersion === 0) return fail('conflict', 'ifVersion: it exists already')
  return fail(
    'conflict',
    exists ? `ifVersion: it is at ${revisionOf(record)} now` : 'ifVersion: it does not exist',
  )
}

function isMet({ record, exists, ifVersion }: CheckIfVersion): boolean {
  if (ifVersion === 0 || !exists) return ifVersion === 0 && !exists
  return ifVersion === '*' || ifVersion === record.version || ifVersion === revisionOf(record)
}
