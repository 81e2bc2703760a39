import pLimit from 'p-limit'
import type { Logger } from 'pino'
import type { AccountContext } from '../../machines/index.ts'
import type { AccountView, Tokenbus, TransitionRecord } from '../api.ts'
import { fail, ok, type Result } from '../failures.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { placeOf } from '../provider/grant-place.ts'
import type { Provider } from '../provider/provider.ts'
import { nullIfTampered } from '../redis/integrity.ts'
import { BadCursor, type Records, type StoredRecord } from '../redis/records.ts'
import type { Secret } from '../secret.ts'
import type { Timers } from '../timers.ts'
import { decidePut, triesAgain } from './account-put.ts'
import type { AccountMeeting, Accounts, LoadedAccount } from './accounts.ts'
import { appRefusal, createAppBinding } from './app-binding.ts'
import type { Apps } from './apps.ts'
import { createRevokeAtProvider } from './revoke-at-provider.ts'
import { accountView } from './views.ts'

export interface AccountAdminOptions {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly records: Pick<Records, 'list' | 'listFrom'>
  readonly provider: Pick<Provider, 'revokeToken'>
  readonly logger: Pick<Logger, 'info' | 'warn'>
  readonly timers?: Pick<Timers, 'after'>
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
  readonly history: { read(account: string, limit: number): Promise<Result<TransitionRecord[]>> }
}

type AccountAdmin = Pick<
  Tokenbus,
  'putAccount' | 'getAccount' | 'listAccounts' | 'revokeAccount' | 'deleteAccount' | 'accountHistory'
>

interface Seen {
  readonly record: StoredRecord
  readonly snapshot: { readonly value: unknown; readonly context: AccountContext }
}

const defaultPage = 100
const revoked = {
  type: 'grant.revoked',
  class: 'A',
  action: 'ask the user to reconnect',
  recoverable: false,
} as const
const mostTransitions = 200

export function createAccountAdmin(options: AccountAdminOptions): AccountAdmin {
  const { accounts, apps, records, fingerprint, history } = options
  const limit = pLimit(32)
  const revokeAtProvider = createRevokeAtProvider(options)
  const binding = createAppBinding({ accounts, apps })

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

  const refreshTokenOf = (account: string, { record }: LoadedAccount) =>
    accounts.openCurrent(account, record)?.refreshToken?.reveal()

  return {
    async putAccount(account, put, { place, by } = {}) {
      const { config } = await apps.look(put.app)
      if (config === null) return fail('app_not_found', 'app: there is no such app')
      const bound = appRefusal({ app: put.app, config, by }) ?? (await binding.of(account, by))
      if (!bound.ok) return bound
      const mark = put.refreshToken && fingerprint({ account, token: put.refreshToken })
      let failure: Result<never> | undefined
      let again = false
      const outcome = await accounts.receive(account, ({ at, eventId, record, snapshot: { context } }) => {
        failure = bound.value.moved(context)
        if (failure !== undefined) return null
        const marks = record.fields.f
        const current = accounts.openCurrent(account, record)
        const grant = { mark, marks, current, place: place ?? placeOf(config) }
        const decided = decidePut({ at, eventId, context, put, config, ...grant })
        again = decided.ok && triesAgain(context, decided.value)
        if (decided.ok) return decided.value
        failure = decided
        return null
      })
      const seen = failure ?? view(account, outcome, config)
      return seen.ok && again ? ok({ ...seen.value, triedAgain: true as const }) : seen
    },
    getAccount: (account) => read(account),
    async listAccounts({ page: number, limit: size = defaultPage, ...filters }) {
      try {
        const query = { kind: 'account' as const, limit: size, ...filters }
        const page = await (number === undefined
          ? records.list(query)
          : records.listFrom(number * size, query))
        const configs = new Map<string, Promise<AppConfig | null>>()
        const views = await Promise.all(
          page.ids.map((id) => limit(() => read(id, configs).catch(nullIfTampered))),
        )
        const found = views.flatMap((each) => (each?.ok ? [each.value] : []))
        const { ids: _, ...rest } = page
        return ok({ accounts: found, ...rest })
      } catch (error) {
        if (error instanceof BadCursor) return fail('bad_request', 'cursor: not one that a list answered')
        throw error
      }
    },
    async revokeAccount(
      account,
      { reason = 'revoked_by_operator', revokeAtProvider: atProvider = false },
      { by } = {},
    ) {
      const bound = await binding.of(account, by)
      if (!bound.ok) return bound
      let failure: Result<never> | undefined
      const outcome = await accounts.receive(account, ({ at, eventId: id, snapshot: { context } }) => {
        failure = bound.value.moved(context)
        return failure === undefined ? { event: { ...revoked, reason, at, id, endedAt: at } } : null
      })
      if (failure !== undefined) return failure
      const { context } = outcome.snapshot
      const told =
        atProvider && context.grantId !== null
          ? { revokedAtProvider: await revokeAtProvider(account, outcome) }
          : {}
      const seen = view(account, outcome, (await apps.look(context.app)).config)
      return seen.ok ? ok({ ...seen.value, ...told }) : seen
    },
    async deleteAccount(account, { revokeAtProvider: atProvider = false }, { by } = {}) {
      const bound = await binding.of(account, by)
      if (!bound.ok) return bound
      let failure: Result<never> | undefined
      let last = await accounts.load(account)
      if (last.snapshot.context.grantId === null) return notFound(account)
      // First, while there is still something to try again with.
      let confirmed = atProvider && (await revokeAtProvider(account, last))
      const told = refreshTokenOf(account, last)
      const remove = (meeting: AccountMeeting) => {
        last = meeting
        failure = bound.value.moved(meeting.snapshot.context)
        if (failure !== undefined) return null
        return { event: { type: 'account.removed' as const, at: meeting.at, id: meeting.eventId } }
      }
      const outcome = await accounts.receive(account, remove, last)
      if (failure !== undefined) return failure
      // A refresh that ended meanwhile has left another one.
      if (atProvider && refreshTokenOf(account, last) !== told)
        confirmed = await revokeAtProvider(account, last)
      if (!outcome.taken) return notFound(account)
      return ok({ account, deleted: true as const, ...(atProvider && { revokedAtProvider: confirmed }) })
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
