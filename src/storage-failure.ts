import { type Failed, fail } from './failures.ts'
import { Tampered } from './redis/integrity.ts'
import { NewerForm } from './redis/newer-form.ts'
import { StorageUnavailable, sentenceOf } from './redis/storage-unavailable.ts'

/** What the storage throws, as callers are told of it; undefined for anything else. */
export function storageFailure(thrown: unknown): Failed | undefined {
  if (thrown instanceof StorageUnavailable)
    return fail('storage_unavailable', sentenceOf(thrown.why), { retryAfter: 1 })
  if (thrown instanceof NewerForm)
    return fail('storage_unavailable', 'this is stored in a form that only a newer node reads', {
      retryAfter: 5,
    })
  if (thrown instanceof Tampered)
    return fail('storage_tampered', 'what is stored of this was changed from outside; it is not used')
  return undefined
}
