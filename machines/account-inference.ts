import type { AccountContext } from './account-context.ts'

const hour = 3_600_000

/**
 * The probable reason why a grant has ended, if the provider gives none; null if the account's history does not show it.
 * A grant is put some time after the consent, so it is a little older than known here.
 */
export function probableEnd(context: AccountContext, at: number): string | null {
  const { authorizedAt, lastRefreshedAt, grantEndsAt, testingLifeMs, idleLimitMs } = context
  const usedAt = lastRefreshedAt ?? authorizedAt
  /** A grant that was used after the supposed end did not end for that reason. */
  const ended = (end: number) => at >= end - hour && usedAt <= end + hour
  if (testingLifeMs > 0 && ended(authorizedAt + testingLifeMs)) return 'testing_mode_expired'
  if (grantEndsAt !== null && at >= grantEndsAt && ended(grantEndsAt)) return context.outlived
  return idleLimitMs > 0 && at - usedAt >= idleLimitMs ? 'inactive' : null
}
