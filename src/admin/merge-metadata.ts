import type { AccountPut } from '../contract/account.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { metadataSchema } from '../contract/fields.ts'

/** Merges metadata: members of the put replace stored ones, null removes one (RFC 7396, top level only). */
export function mergeMetadata(put: AccountPut, known: object = {}): Result<AccountPut> {
  if (put.metadata === undefined) return ok(put)
  const facts = Object.entries({ ...known, ...put.metadata }).filter(([, value]) => value !== null)
  const merged = metadataSchema.safeParse(Object.fromEntries(facts))
  if (merged.success) return ok({ ...put, metadata: merged.data })
  return fail('bad_request', `metadata: ${merged.error.issues[0]?.message}`)
}
