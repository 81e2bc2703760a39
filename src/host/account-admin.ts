import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { AccountContext } from '../../machines/index.ts'
import type { AccountView, Tokenbus, TransitionRecord } from '../api.ts'
import { fail, ok, type Result } from '../failures.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Provider } from '../provider/provider.ts'
import { BadCursor, type Records, type StoredRecord } from '../redis/records.ts'
import type { Secret } from '../secret.ts'
import { decidePut } from './account-put.ts'
import type { Accounts } from './accounts.ts'
import type { Apps } from './apps.ts'
import { accountView } from './views.ts'

export interface AccountAdminOptions {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly records: Pick<Records, 'list' | 'listFrom'>
  readonly provider: Pick<Provider, 'revokeToken'>
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
  readonly history: { read(account: string, limit: number): Promise<Result<TransitionRecord[]>> }
}

type AccountAdmin = Pick<
  Tokenbus,
  'putAccount' | 'getAccount' | 'listAccounts' | 'deleteAccount' | 'accountHistory'
>

interface Seen {
  readonly record: StoredRecord
  readonly snapshot: { readonly value: unknown; readonly context: AccountContext }
}

const defaultPage = 100
const mostTransitions = 200

export function createAccountAdmin(options: AccountAdminOptions): AccountAdmin {
  const { accounts, apps, records, provider, fingerprint, history } = options
  const limit = pLimit(32)

  function view(account: string, { record, snapshot }: Seen, config: AppConfig | null): Result<AccountView> {
    const { context } = snapshot
    if (context.grantId === null) return notFound(account)
    const { metadata } = record.fields
    return ok(accountView({ account, state: snapshot.value as string, context, metadata, config }))
  }

  async function read(account: string, configs = new Map<string, Promise<AppConfig | null>>()) {
    const loaded = await accounts.load(account)
    const { app } = loaded.snapshot.context
    const config =
      configs.get(app) ?? (app === '' ? Promise.resolve(null) : apps.look(app).then((found) => found.config))
    configs.set(app, config)
    return view(account, loaded, await config)
  }

  /** RFC 7009. Best effort: a provider that cannot be reached keeps nobody from deleting an account. */
  async function revokeAtProvider(account: string): Promise<void> {
    const { record, snapshot } = await accounts.load(account)
    const app = await apps.look(snapshot.context.app)
    const token = accounts.openCurrent(account, record)?.refreshToken
    const client = app.secrets[0]
    if (token === undefined || app.config === null) return
    await provider.revokeToken({ config: app.config, token, ...(client && { clientSecret: client.secret }) })
  }

  return {
    async putAccount(account, put) {
      const { config } = await apps.look(put.app)
      if (config === null) return fail('app_not_found', 'app: there is no such app')
      const mark = put.refreshToken && fingerprint({ account, token: put.refreshToken })
      let failure: Result<never> | undefined
      const outcome = await accounts.receive(account, ({ at, record, snapshot: { context } }) => {
        failure = undefined
        const marks = record.fields.f
        const current = accounts.openCurrent(account, record)
        const decided = decidePut({ at, context, put, config, mark, marks, current })
        if (decided.ok) return decided.value
        failure = decided
        return null
      })
      return failure ?? view(account, outcome, config)
    },
    getAccount: (account) => read(account),
    async listAccounts({ page: number, limit: size = defaultPage, ...filters }) {
      try {
        const query = { kind: 'account' as const, limit: size, ...filters }
        const page = await (number === undefined
          ? records.list(query)
          : records.listFrom(number * size, query))
        const configs = new Map<string, Promise<AppConfig | null>>()
        const views = await Promise.all(page.ids.map((id) => limit(() => read(id, configs))))
        const found = views.flatMap((each) => (each.ok ? [each.value] : []))
        const { ids: _, ...rest } = page
        return ok({ accounts: found, ...rest })
      } catch (error) {
        if (error instanceof BadCursor) return fail('bad_request', 'cursor: not one that a list answered')
        throw error
      }
    },
    async deleteAccount(account, { revokeAtProvider: revoke = false }) {
      if (revoke) await revokeAtProvider(account)
      const outcome = await accounts.receive(account, ({ at }) => ({
        event: { type: 'account.removed', at, id: randomUUID() },
      }))
      return outcome.taken ? ok({ account, deleted: true as const }) : notFound(account)
    },
    async accountHistory(account, { limit: count = mostTransitions }) {
      const transitions = await history.read(account, count)
      return transitions.ok ? ok({ account, transitions: transitions.value }) : transitions
    },
  }
}

function notFound(account: string): Result<never> {
  return fail('account_not_found', 'there is no such account', { account })
}
