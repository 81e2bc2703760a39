import { z } from 'zod'
import { type AccountState, accountStates } from '../../machines/index.ts'
import { type AccountList, type AccountView, accountListSchema, accountSchema } from '../contract/account.ts'
import { ok, type Result } from '../contract/failures.ts'
import { accountStateSchema } from '../contract/fields.ts'
import type { Principal } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { type NumberedPage, pageOfSearch, pageOfStates, type Wanted } from './account-pages.ts'
import { accountReaders } from './accounts.ts'
import {
  type EmailEngineState,
  emailEngineStates,
  isEmailEngineState,
  statesOf,
} from './emailengine-states.ts'
import { fromText } from './from-text.ts'
import { type Route, route } from './route.ts'

const usualPage = 20
const { cursor, state: ownState, app, prefix, user, reason, search, page, limit } = accountListSchema.shape

/**
 * In pages with totals, as in EmailEngine; or by `cursor`, which is cheaper and supports `user`, `reason` and `search`.
 */
export function accountListRoute({ tokenbus }: { tokenbus: Tokenbus }): Route {
  return route({
    method: 'GET',
    url: '/v1/accounts',
    summary: 'Accounts, in pages or by cursor',
    access: { scopes: accountReaders },
    query: z.strictObject({
      page: fromText.number(page.unwrap()).optional().describe('from 0'),
      pageSize: fromText.number(limit.unwrap()).optional(),
      cursor,
      state: ownState
        .unwrap()
        .or(z.enum(emailEngineStates))
        .optional()
        .describe("a state, or one of EmailEngine's states, which the reply then uses"),
      app,
      prefix: prefix.describe('prefix of the id'),
      user: user.describe('the user of the account; case-insensitive'),
      reason: reason.describe('why it is revoked or waits for its app'),
      search: search.describe('substring of the id, the user or the subject; case-insensitive'),
      query: search.describe("EmailEngine's name for search, in pages"),
    }),
    answer: z.strictObject({
      total: z.int().optional(),
      page: z.int().optional(),
      pages: z.int().optional(),
      accounts: z.array(accountSchema.extend({ state: accountStateSchema.or(z.enum(emailEngineStates)) })),
      cursor: z.string().optional(),
    }),
    async handle({
      query: { page: number = 0, pageSize = usualPage, query: words, state, ...filters },
      principal,
    }) {
      const { accounts: pattern } = principal as Principal
      const begins = narrower(pattern.replace(/\*$/, ''), filters.prefix)
      if (begins === undefined) return ok({ total: 0, page: number, pages: 0, accounts: [] })
      if (isEmailEngineState(state) || words !== undefined) {
        const narrowed = { ...filters, prefix: begins, ...(words !== undefined && { search: words }) }
        return inTheirWords({ pattern, page: number, pageSize, state, filters: narrowed })
      }
      const { user: who, reason: why, search: text } = filters
      const byCursor = [filters.cursor, who, why, text].some((each) => each !== undefined)
      const query: AccountList = {
        ...filters,
        ...(state !== undefined && { state }),
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

  async function inTheirWords({ pattern, state, filters, ...paged }: InTheirWords): Promise<Result<unknown>> {
    const { page, pageSize } = paged
    const isTheirs = isEmailEngineState(state)
    const found = await find(pattern, { ...paged, states: wantedStates(state) }, filters)
    if (!found.ok) return found
    const { accounts, total } = found.value
    const shown = isTheirs ? accounts.map((account) => ({ ...account, state })) : accounts
    return ok({ total, page, pages: Math.ceil(total / pageSize), accounts: shown })
  }

  async function find(pattern: string, wanted: Wanted, filters: AccountList): Promise<Result<NumberedPage>> {
    if (!pattern.endsWith('*')) return pageOfSearch({ listAccounts: () => onlyOne(pattern) }, wanted, filters)
    const looksAtEach = [filters.search, filters.user, filters.reason].some((each) => each !== undefined)
    return (looksAtEach ? pageOfSearch : pageOfStates)(tokenbus, wanted, filters)
  }

  /** For an API token limited to one account. */
  async function onlyOne(account: string): Promise<Result<{ accounts: AccountView[]; total: number }>> {
    const found = await tokenbus.getAccount(account)
    return ok({ accounts: found.ok ? [found.value] : [], total: found.ok ? 1 : 0 })
  }
}

/** Empty for states of EmailEngine that do not exist here. */
function wantedStates(state: AccountState | EmailEngineState | undefined): readonly AccountState[] {
  if (isEmailEngineState(state)) return statesOf(state)
  return state === undefined ? accountStates : [state]
}

interface InTheirWords {
  readonly pattern: string
  readonly page: number
  readonly pageSize: number
  readonly state: AccountState | EmailEngineState | undefined
  readonly filters: AccountList
}

/** The longer of two prefixes, if it begins with the other. */
function narrower(one: string, other = ''): string | undefined {
  const [short, long] = one.length < other.length ? [one, other] : [other, one]
  return long.startsWith(short) ? long : undefined
}
