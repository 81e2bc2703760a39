import type { AccountState } from '../../machines/index.ts'
import type { AccountList, AccountView } from '../contract/account.ts'
import { ok, type Result } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'

type Lists = Pick<Tokenbus, 'listAccounts'>
export interface NumberedPage {
  readonly accounts: readonly AccountView[]
  readonly total: number
}

interface Wanted {
  readonly page: number
  readonly pageSize: number
  /** One after the other; all states where there are none. */
  readonly states: readonly AccountState[]
}

/** A page of the accounts in several states, which are indexed one by one: the lists of these states in turn. */
export async function pageOfStates(
  { listAccounts }: Lists,
  { page, pageSize, states }: Wanted,
  filters: AccountList,
): Promise<Result<NumberedPage>> {
  const accounts: AccountView[] = []
  let [skip, total] = [page * pageSize, 0]
  for (const state of states) {
    const first = Math.floor(skip / pageSize)
    // What is wanted of this list lies on two of its pages at most.
    for (const number of [first, first + 1]) {
      const listed = await listAccounts({ ...filters, state, page: number, limit: pageSize })
      if (!listed.ok) return listed
      const { accounts: found, total: all = 0 } = listed.value
      if (number === first) total += all
      const from = number === first ? skip - first * pageSize : 0
      accounts.push(...found.slice(from, from + pageSize - accounts.length))
      if (number === first) skip = Math.max(0, skip - all)
      if (accounts.length === pageSize || found.length < pageSize) break
    }
  }
  return ok({ accounts, total })
}

/** So many requests to the list, each of which looks at a thousand accounts. */
const mostRequests = 50
const listedAtOnce = 1_000

/** A page of what a search finds. It is gone through from its beginning: `total` counts what that found. */
export async function pageOfSearch(
  { listAccounts }: Lists,
  { page, pageSize, states }: Wanted,
  filters: AccountList,
): Promise<Result<NumberedPage>> {
  const found: AccountView[] = []
  let cursor: string | undefined
  for (let requests = 0; requests < mostRequests; requests++) {
    const listed = await listAccounts({ ...filters, limit: listedAtOnce, ...(cursor && { cursor }) })
    if (!listed.ok) return listed
    found.push(...listed.value.accounts.filter(({ state }) => states.length === 0 || states.includes(state)))
    cursor = listed.value.cursor
    if (cursor === undefined) break
  }
  return ok({ accounts: found.slice(page * pageSize, (page + 1) * pageSize), total: found.length })
}
