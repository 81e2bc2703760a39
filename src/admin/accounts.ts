import type { Logger } from 'pino'
import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import { checkIfVersion } from '../actors/if-version.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import type { Timers } from '../common/timers.ts'
import type { AccountTransition } from '../contract/account.ts'
import { accountNotFound, ok, type Result } from '../contract/failures.ts'
import { causedBy } from '../contract/reasons.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { Provider } from '../provider/provider.ts'
import type { Records } from '../redis/records.ts'
import { type AccountListOptions, createAccountList } from './account-list.ts'
import { createAppBinding } from './app-binding.ts'
import { createPutAccount } from './put-account.ts'
import { createRevokeAtProvider } from './revoke-at-provider.ts'
import { viewOf } from './views.ts'

export interface AccountAdminOptions {
  readonly accounts: Accounts
  readonly apps: Apps
  readonly records: AccountListOptions['records'] & Pick<Records, 'joining'>
  readonly clock: Pick<ClusterClock, 'now'>
  readonly provider: Pick<Provider, 'revokeToken' | 'checkUrls'>
  readonly logger: Pick<Logger, 'info' | 'warn'>
  readonly timers?: Pick<Timers, 'after'>
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
  readonly history: { read(account: string, limit: number): Promise<Result<AccountTransition[]>> }
}

type AccountAdmin = Pick<
  Tokenbus,
  | 'putAccount'
  | 'checkPut'
  | 'patchAccount'
  | 'getAccount'
  | 'listAccounts'
  | 'revokeAccount'
  | 'deleteAccount'
  | 'accountHistory'
>

const revoked = {
  type: 'grant.revoked',
  class: 'A',
  action: causedBy('revoked_by_operator').action,
  recoverable: false,
} as const
const maxTransitions = 200

export function createAccountAdmin(options: AccountAdminOptions): AccountAdmin {
  const { accounts, apps, records, history } = options
  const revokeAtProvider = createRevokeAtProvider(options)
  const binding = createAppBinding({ accounts, apps })

  async function read(account: string, configs = new Map<string, Promise<AppConfig | null>>()) {
    const loaded = await accounts.load(account)
    const { app } = loaded.snapshot.context
    const config =
      configs.get(app) ?? (app === '' ? Promise.resolve(null) : apps.look(app).then((found) => found.config))
    configs.set(app, config)
    return viewOf(account, loaded, await config)
  }

  const refreshTokenOf = (account: string, { record }: LoadedAccount) =>
    accounts.openCurrent(account, record)?.refreshToken?.reveal()

  return {
    ...createPutAccount(options),
    getAccount: (account) => read(account),
    ...createAccountList({
      records,
      reader() {
        const configs = new Map<string, Promise<AppConfig | null>>()
        return (account) => read(account, configs)
      },
    }),
    async revokeAccount(
      account,
      { reason = 'revoked_by_operator', revokeAtProvider: atProvider = false, ifVersion },
      { by } = {},
    ) {
      const bound = await binding.of(account, by)
      if (!bound.ok) return bound
      let failure: Result<never> | undefined
      const outcome = await accounts.receive(
        account,
        ({ at, eventId: id, record, snapshot: { context } }) => {
          const exists = context.grantId !== null
          failure =
            bound.value.moved(context) ?? (exists ? checkIfVersion({ record, exists, ifVersion }) : undefined)
          return failure === undefined ? { event: { ...revoked, reason, at, id, endedAt: at } } : null
        },
      )
      if (failure !== undefined) return failure
      const { context } = outcome.snapshot
      const confirmation =
        atProvider && context.grantId !== null
          ? { revokedAtProvider: await revokeAtProvider(account, outcome) }
          : {}
      const seen = viewOf(account, outcome, (await apps.look(context.app)).config)
      return seen.ok ? ok({ ...seen.value, ...confirmation }) : seen
    },
    async deleteAccount(account, { revokeAtProvider: atProvider = false, ifVersion }, { by } = {}) {
      const bound = await binding.of(account, by)
      if (!bound.ok) return bound
      let failure: Result<never> | undefined
      let last = await accounts.load(account)
      if (last.snapshot.context.grantId === null) return accountNotFound(account)
      failure = checkIfVersion({ record: last.record, exists: true, ifVersion })
      if (failure !== undefined) return failure
      // Before the deletion, because a failed revocation can be retried only while the tokens exist.
      let confirmed = atProvider && (await revokeAtProvider(account, last))
      const revokedToken = refreshTokenOf(account, last)
      const remove = (meeting: AccountMeeting) => {
        last = meeting
        const { record, snapshot } = meeting
        const exists = snapshot.context.grantId !== null
        failure = bound.value.moved(snapshot.context)
        if (exists) failure ??= checkIfVersion({ record, exists, ifVersion })
        if (failure !== undefined) return null
        return { event: { type: 'account.removed' as const, at: meeting.at, id: meeting.eventId } }
      }
      const outcome = await accounts.receive(account, remove, last)
      if (failure !== undefined) return failure
      // A refresh that ended meanwhile has stored another refresh token.
      if (atProvider && refreshTokenOf(account, last) !== revokedToken)
        confirmed = await revokeAtProvider(account, last)
      if (!outcome.taken) return accountNotFound(account)
      return ok({ account, deleted: true as const, ...(atProvider && { revokedAtProvider: confirmed }) })
    },
    async accountHistory(account, { limit: count = maxTransitions }) {
      const transitions = await history.read(account, count)
      return transitions.ok ? ok({ account, transitions: transitions.value }) : transitions
    },
  }
}
