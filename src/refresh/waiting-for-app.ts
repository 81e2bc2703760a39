import { isDown } from '../../machines/index.ts'
import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import type { ProviderLimits } from './provider-limits.ts'
import { resolveApp } from './resolve-app.ts'

export interface WaitingForAppOptions {
  readonly accounts: Pick<Accounts, 'receive'>
  readonly apps: Pick<Apps, 'look' | 'report'>
  readonly limits: Pick<ProviderLimits, 'reserve'>
}

export interface WaitingForApp {
  /** Checks whether the app was fixed just before this account began to wait, so that the fan-out missed it. */
  wakeIfAppWorks(account: string, loaded: LoadedAccount): Promise<void>
  /** The same after its attempt; if the app is down, a new grant is the next probe. */
  beginWaiting(account: string, loaded: LoadedAccount): Promise<void>
  /** Checks whether the app was changed just before this account was parked, so that the fan-out missed it. */
  retryIfAppChanged(account: string, loaded: LoadedAccount): Promise<void>
  /**
   * A request for an account whose app works again: refreshes it before its scheduled wake-up. Null for an account that began
   * to wait while the app was healthy, since it lacks something else.
   */
  refreshEarly(account: string, loaded: LoadedAccount): Promise<LoadedAccount | null>
}

const appWorks = ({ at, eventId: id }: AccountMeeting) => ({
  event: { type: 'app.secret-updated' as const, at, id },
})

/** Wakes accounts waiting for their app that the app's fan-out does not reach in time. */
export function createWaitingForApp({ accounts, apps, limits }: WaitingForAppOptions): WaitingForApp {
  async function wakeIf(unfilled: App, account: string, { snapshot }: LoadedAccount): Promise<void> {
    const app = resolveApp(unfilled, snapshot.context.params)
    if (app.state === 'secret-expired' || isDown(app.context, app.endpoint)) return
    await accounts.receive(account, appWorks)
  }

  return {
    async wakeIfAppWorks(account, loaded) {
      await wakeIf(await apps.look(loaded.snapshot.context.app), account, loaded)
    },
    async beginWaiting(account, loaded) {
      const { context } = loaded.snapshot
      const app = await apps.look(context.app)
      if (app.state !== 'secret-expired') return wakeIf(app, account, loaded)
      const { since, newcomer, lastProbed } = app.context
      const isUntried = context.authorizedAt > since && lastProbed !== account
      if (!isUntried || newcomer !== null) return
      await apps.report(context.app, { type: 'newcomer.waits', account })
    },
    async retryIfAppChanged(account, { snapshot: { context } }) {
      const { record } = await apps.look(context.app)
      const { generation: settings } = record
      await accounts.receive(account, ({ at, eventId: id }) => ({
        event: { type: 'app.changed', at, id, settings },
      }))
    },
    async refreshEarly(account, loaded) {
      const { value, context } = loaded.snapshot
      const app = value === 'secret-expired' ? await apps.look(context.app) : undefined
      if (app === undefined || app.state === 'secret-expired' || app.state === 'throttled') return null
      const releasePlace = app.context.since > context.since ? limits.reserve(context.app) : null
      return releasePlace && accounts.receive(account, appWorks, loaded).finally(releasePlace)
    },
  }
}
