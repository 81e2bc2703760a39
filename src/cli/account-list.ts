import type { Command } from 'commander'
import type { AccountPage, AccountView } from '../contract/account.ts'
import type { Bus } from './bus.ts'
import { pick } from './pick.ts'
import { parseCount } from './read-secret.ts'
import { type Colours, createTable, paintState } from './terminal.ts'
import type { Run } from './tools.ts'

const usualLimit = 100
/** Accounts per request: small, so that the first lines are printed while the rest is requested. */
const pageSize = 250

const filters = ['state', 'app', 'prefix', 'user', 'reason', 'search']
const columns = ['ACCOUNT', 'STATE', 'APP', 'USER', 'GENERATION', 'EXPIRES', 'REASON']

export function accountListCommand(account: Command, run: Run): void {
  account
    .command('list')
    .description('list accounts, ordered by id')
    .option('--state <state>', 'only accounts in this state')
    .option('--app <app>', 'only accounts of this app')
    .option('--prefix <text>', 'only accounts with this prefix of their id')
    .option('--user <user>', 'only accounts of this user; case-insensitive')
    .option('--reason <word>', 'only accounts that are revoked, or wait for their app, for this reason')
    .option('--search <text>', 'only accounts with this text in id, user or subject; case-insensitive')
    .option('--limit <n>', `at most n accounts (default: ${usualLimit})`, parseCount)
    .option('--all', 'all accounts, without a limit')
    .option('--cursor <cursor>', 'continue after an earlier page')
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

/** A page may have fewer accounts than requested, or none, while it has a cursor. */
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
