import type { AccountContext } from './account-context.ts'

const hour = 3_600_000

/**
 * Why a grant has probably ended, where the provider says only that it has. Null where the account's own history does
 * not tell. A grant is put a while after the consent, so its age is a little more than we know.
 */
export function probableEnd(context: AccountContext, at: number): string | null {
  const { authorizedAt, lastRefreshedAt, grantEndsAt, testingLifeMs, idleLimitMs } = context
  if (grantEndsAt !== null && at >= grantEndsAt) return context.outlived
  if (testingLifeMs > 0 && at - authorizedAt >= testingLifeMs - hour) return 'testing_mode_expired'
  if (idleLimitMs > 0 && at - (lastRefreshedAt ?? authorizedAt) >= idleLimitMs) return 'inactive'
  return null
}
