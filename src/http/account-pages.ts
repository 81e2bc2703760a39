import type { AccountState } from '../../machines/index.ts'
import type { AccountList, AccountView } from '../contract/account.ts'
import { ok, type Result } from '../contract/failures.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'

type Lists = Pick<Tokenbus, 'listAccounts'>
export interface NumberedPage {
  readonly accounts: readonly AccountView[]
  readonly total: number
}

export interface Wanted {
  readonly page: number
  readonly pageSize: number
  /** Listed one after the other. */
  readonly states: readonly AccountState[]
}

/** A page of the accounts in several states, which have an index each: the lists are concatenated. */
export async function pageOfStates(
  lists: Lists,
  { page, pageSize, states }: Wanted,
  filters: AccountList,
): Promise<Result<NumberedPage>> {
  const accounts: AccountView[] = []
  let [skip, total] = [page * pageSize, 0]
  for (const state of states) {
    const room = pageSize - accounts.length
    const some = await someOf(lists, { skip, room, pageSize }, { ...filters, state })
    if (!some.ok) return some
    accounts.push(...some.value.accounts)
    total += some.value.total
    skip = Math.max(0, skip - some.value.total)
  }
  return ok({ accounts, total })
}

/** The entries of one list after an offset, which are on two of its pages at most. */
async function someOf(
  { listAccounts }: Lists,
  { skip, room, pageSize }: { skip: number; room: number; pageSize: number },
  filters: AccountList,
): Promise<Result<NumberedPage>> {
  const page = Math.floor(skip / pageSize)
  const one = await listAccounts({ ...filters, page, limit: pageSize })
  if (!one.ok) return one
  const { accounts, total = 0 } = one.value
  const isLast = accounts.length < pageSize
  const other = isLast
    ? ok({ accounts: [] })
    : await listAccounts({ ...filters, page: page + 1, limit: pageSize })
  if (!other.ok) return other
  const from = skip - page * pageSize
  return ok({ accounts: [...accounts, ...other.value.accounts].slice(from, from + room), total })
}

/** The maximum number of list requests, each of which reads a thousand accounts. */
const maxRequests = 50
const listedAtOnce = 1_000

/** A page of search results. The search always starts at the beginning; `total` counts what was found so far. */
export async function pageOfSearch(
  { listAccounts }: Lists,
  { page, pageSize, states }: Wanted,
  filters: AccountList,
): Promise<Result<NumberedPage>> {
  const found: AccountView[] = []
  let cursor: string | undefined
  for (let requests = 0; requests < maxRequests; requests++) {
    const listed = await listAccounts({ ...filters, limit: listedAtOnce, ...(cursor && { cursor }) })
    if (!listed.ok) return listed
    found.push(...listed.value.accounts.filter(({ state }) => states.includes(state)))
    cursor = listed.value.cursor
    if (cursor === undefined) break
  }
  return ok({ accounts: found.slice(page * pageSize, (page + 1) * pageSize), total: found.length })
}
