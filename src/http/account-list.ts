import { z } from 'zod'
import { type AccountList, accountListSchema, accountSchema } from '../contract/account.ts'
import { ok, type Result } from '../contract/failures.ts'
import type { Principal } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { accountReaders } from './accounts.ts'
import { fromText } from './from-text.ts'
import { type Route, route } from './route.ts'

const usualPage = 20
const { cursor, state, app, prefix, user, reason, search, page, limit } = accountListSchema.shape

/** By page with totals, as EmailEngine's clients ask; by `cursor`, cheaper, also where `user`, `reason` or `search` is given. */
export function accountListRoute({ tokenbus }: { tokenbus: Tokenbus }): Route {
  return route({
    method: 'GET',
    url: '/v1/accounts',
    summary: 'Accounts, by page or by cursor',
    access: { scopes: accountReaders },
    query: z.strictObject({
      page: fromText.number(page.unwrap()).optional().describe('from 0'),
      pageSize: fromText.number(limit.unwrap()).optional(),
      cursor,
      state,
      app,
      prefix: prefix.describe('only ids that begin so'),
      user: user.describe('the user of the account; case-insensitive'),
      reason: reason.describe('why it is revoked or waits for its app'),
      search: search.describe('in the id, the user or the subject, without regard to case'),
    }),
    answer: z.strictObject({
      total: z.int().optional(),
      page: z.int().optional(),
      pages: z.int().optional(),
      accounts: z.array(accountSchema),
      cursor: z.string().optional(),
    }),
    async handle({ query: { page: number = 0, pageSize = usualPage, ...filters }, principal }) {
      const { accounts: pattern } = principal as Principal
      const begins = narrower(pattern.replace(/\*$/, ''), filters.prefix)
      if (begins === undefined) return ok({ total: 0, page: number, pages: 0, accounts: [] })
      const { user: who, reason: why, search: text } = filters
      const byCursor = [filters.cursor, who, why, text].some((each) => each !== undefined)
      const query: AccountList = {
        ...filters,
        prefix: begins,
        limit: pageSize,
        ...(!byCursor && { page: number }),
      }
      const found = await (pattern.endsWith('*') ? tokenbus.listAccounts(query) : onlyOne(pattern))
      if (!found.ok || found.value.total === undefined) return found
      const { total, ...rest } = found.value
      return ok({ total, page: number, pages: Math.ceil(total / pageSize), ...rest })
    },
  })

  /** For an API token that is for one account. */
  async function onlyOne(account: string): Promise<Result<{ accounts: object[]; total: number }>> {
    const found = await tokenbus.getAccount(account)
    return ok({ accounts: found.ok ? [found.value] : [], total: found.ok ? 1 : 0 })
  }
}

/** The longer of two beginnings, if it begins with the other. */
function narrower(one: string, other = ''): string | undefined {
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return long.startsWith(short) ? long : undefined
}
