import pLimit from 'p-limit'
import type { AccountList, AccountPage, AccountView } from '../contract/account.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { nullIfUnusable } from '../redis/integrity.ts'
import { BadCursor, type Records } from '../redis/records.ts'

export interface AccountListOptions {
  readonly records: Pick<Records, 'listSorted' | 'listFrom' | 'cursorAfter'>
  /** Reads the accounts of one page. */
  reader(): (account: string) => Promise<Result<AccountView>>
}

const defaultPage = 100
/** Filters without an index read at most this many accounts per request; the cursor continues after them. */
const maxLookedAt = 1_000
const lookedAtOnce = 200
const loadsAtOnce = 32
/** A page is one NATS message of 1 MB at most; half of it leaves room for one more account of any size. */
const maxBytes = 524_288

/** Answers `account.list`, with bounds on the accounts read and on the bytes answered. */
export function createAccountList({ records, reader }: AccountListOptions) {
  const limit = pLimit(loadsAtOnce)

  /** In the order of the ids; null for accounts deleted meanwhile. */
  function viewsOf(ids: readonly string[]): Promise<(AccountView | null)[]> {
    const read = reader()
    return Promise.all(
      ids.map((id) =>
        limit(async () => {
          const found = await read(id).catch(nullIfUnusable)
          return found?.ok ? found.value : null
        }),
      ),
    )
  }

  async function byCursor({
    limit: size = defaultPage,
    user,
    reason,
    search,
    ...narrowed
  }: AccountList): Promise<AccountPage> {
    const isWanted = filterOf({ user, reason, search })
    const page = roomFor(size)
    let { cursor } = narrowed
    let looked = 0
    do {
      const query = { kind: 'account' as const, ...narrowed, cursor }
      const listed = await records.listSorted({ ...query, limit: isWanted ? lookedAtOnce : size })
      const views = await viewsOf(listed.ids)
      const full = page.fill(views, isWanted)
      const isLast = full === views.length - 1 && listed.cursor === undefined
      if (full !== null && !isLast)
        return { accounts: page.accounts, cursor: records.cursorAfter(listed.ids[full] as string, cursor) }
      cursor = listed.cursor
      looked += views.length
    } while (isWanted !== undefined && cursor !== undefined && looked < maxLookedAt)
    return { accounts: page.accounts, ...(cursor !== undefined && { cursor }) }
  }

  async function byNumber(
    number: number,
    { limit: size = defaultPage, ...narrowed }: AccountList,
  ): Promise<AccountPage> {
    const { ids, ...rest } = await records.listFrom(number * size, {
      kind: 'account',
      ...narrowed,
      limit: size,
    })
    return { accounts: (await viewsOf(ids)).filter((view) => view !== null), ...rest }
  }

  return {
    async listAccounts({ page, ...query }: AccountList): Promise<Result<AccountPage>> {
      try {
        return ok(await (page === undefined ? byCursor(query) : byNumber(page, query)))
      } catch (error) {
        if (error instanceof BadCursor)
          return fail('bad_request', 'cursor: must be a cursor of an earlier list')
        throw error
      }
    },
  }
}

/** A page limited by its number of accounts and by the bytes of a reply. */
function roomFor(size: number) {
  const accounts: AccountView[] = []
  let bytes = 0
  return {
    accounts,
    /** The index of the account that filled the page; null if there is room left. */
    fill(views: readonly (AccountView | null)[], isWanted: ((view: AccountView) => boolean) | undefined) {
      for (const [index, view] of views.entries()) {
        if (view === null || isWanted?.(view) === false) continue
        accounts.push(view)
        bytes += Buffer.byteLength(JSON.stringify(view))
        if (accounts.length === size || bytes > maxBytes) return index
      }
      return null
    },
  }
}

/** Undefined if there is nothing to filter. Case-insensitive, except `reason`. */
function filterOf({ user, reason, search }: Pick<AccountList, 'user' | 'reason' | 'search'>) {
  if (user === undefined && reason === undefined && search === undefined) return undefined
  const named = user?.toLowerCase()
  const part = search?.toLowerCase()
  return (view: AccountView): boolean =>
    (named === undefined || view.user.toLowerCase() === named) &&
    (reason === undefined || view.reason === reason) &&
    (part === undefined ||
      [view.account, view.user, view.subject ?? ''].some((text) => text.toLowerCase().includes(part)))
}
