import type { AccountPut } from '../contract/account.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { metadataSchema } from '../contract/fields.ts'

/** What is put joins what is known; a fact that is null goes (RFC 7396, of the facts themselves). */
export function mergeMetadata(put: AccountPut, known: object = {}): Result<AccountPut> {
  if (put.metadata === undefined) return ok(put)
  const facts = Object.entries({ ...known, ...put.metadata }).filter(([, value]) => value !== null)
  const merged = metadataSchema.safeParse(Object.fromEntries(facts))
  if (merged.success) return ok({ ...put, metadata: merged.data })
  return fail('bad_request', `metadata: ${merged.error.issues[0]?.message}`)
}
