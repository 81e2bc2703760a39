import type { AccountContext } from './account-context.ts'

const hour = 3_600_000

/**
 * Why a grant has probably ended, where the provider says only that it has. Null where the account's own history does
 * not tell. A grant is put a while after the consent, so its age is a little more than we know.
 */
export function probableEnd(context: AccountContext, at: number): string | null {
  const { authorizedAt, lastRefreshedAt, grantEndsAt, testingLifeMs, idleLimitMs } = context
  const usedAt = lastRefreshedAt ?? authorizedAt
  /** What worked after its supposed end did not end of that. */
  const ended = (end: number) => at >= end - hour && usedAt <= end + hour
  if (testingLifeMs > 0 && ended(authorizedAt + testingLifeMs)) return 'testing_mode_expired'
  if (grantEndsAt !== null && at >= grantEndsAt && ended(grantEndsAt)) return context.outlived
  return idleLimitMs > 0 && at - usedAt >= idleLimitMs ? 'inactive' : null
}
