import type { Command } from 'commander'
import type { AccountPage, AccountView } from '../contract/account.ts'
import type { Bus } from './bus.ts'
import { pick } from './pick.ts'
import { parseCount } from './read-secret.ts'
import { type Colours, createTable, paintState } from './terminal.ts'
import type { Run } from './tools.ts'

const usualLimit = 100
/** Accounts per request: each is answered soon, and the first lines are there while the rest is on its way. */
const pageSize = 250

const filters = ['state', 'app', 'prefix', 'user', 'reason', 'search']
const columns = ['ACCOUNT', 'STATE', 'APP', 'USER', 'GENERATION', 'EXPIRES', 'REASON']

export function accountListCommand(account: Command, run: Run): void {
  account
    .command('list')
    .description('accounts in order of their ids, a line each')
    .option('--state <state>', 'only those in this state')
    .option('--app <app>', 'only those of this app')
    .option('--prefix <text>', 'only those whose id begins so')
    .option('--user <user>', 'only those of this user, without regard to case')
    .option('--reason <word>', 'only those that are revoked, or wait for their app, for this reason')
    .option('--search <text>', 'only those with this in their id, user or subject, without regard to case')
    .option('--limit <n>', `at most so many (${usualLimit})`, parseCount)
    .option('--all', 'all of them')
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .action(
      run(
        async (
          { bus, print, terminal, colours, json },
          { all, limit = usualLimit, cursor: from, ...options },
        ) => {
          const wanted = {
            query: pick(options, filters),
            from,
            limit: all ? Number.POSITIVE_INFINITY : limit,
          }
          const lines = createTable()
          const accounts: AccountView[] = []
          let heading = [columns.map(colours.dim)]
          let cursor: string | undefined
          for await (const page of pagesOf(bus, wanted)) {
            cursor = page.cursor
            if (json) accounts.push(...page.accounts)
            else {
              const rows = page.accounts.map((each) => rowOf(each, colours))
              for (const line of lines([...heading, ...rows])) terminal.out(line)
              heading = []
            }
          }
          if (json) print({ accounts, ...(cursor !== undefined && { cursor }) }, () => [])
          else if (cursor !== undefined) terminal.out(`more: --cursor ${cursor}, or --all`)
        },
      ),
    )
}

interface Wanted {
  readonly query: object
  readonly from: string | undefined
  readonly limit: number
}

/** A page may be short of what was asked for, or empty, as long as it has a cursor. */
async function* pagesOf(bus: Bus, { query, from, limit }: Wanted): AsyncGenerator<AccountPage> {
  let cursor = from
  let left = limit
  do {
    const payload = { ...query, limit: Math.min(left, pageSize), ...(cursor !== undefined && { cursor }) }
    const page = (await bus.request('account.list', payload)) as AccountPage
    yield page
    left -= page.accounts.length
    cursor = page.cursor
  } while (cursor !== undefined && left > 0)
}

function rowOf(each: AccountView, colours: Colours): string[] {
  const { account, app, user, generation, expires, reason } = each
  return [
    account,
    paintState(each.state, colours),
    app,
    user,
    String(generation),
    expires ?? '',
    reason ?? '',
  ]
}
