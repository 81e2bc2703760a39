import type { AccountContext } from '../../machines/index.ts'
import type { Accounts } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import { type Failed, fail, ok, type Result } from '../contract/failures.ts'
import { type Bound, covers, everything } from '../contract/principal.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'

export interface AppBindingOptions {
  readonly accounts: Pick<Accounts, 'load'>
  readonly apps: Pick<Apps, 'look'>
}

/** The check to repeat inside the compare-and-set: fails if the account was moved to another app meanwhile. */
export interface AppBinding {
  moved(context: Pick<AccountContext, 'app'>): Failed | undefined
}

const everywhere: AppBinding = { moved: () => undefined }

/**
 * An account of an app that needs no consent gets the tokens of any user it names. So a caller may write such an account, or
 * move one to or from such an app, only if its API token covers the app.
 */
export function createAppBinding({ accounts, apps }: AppBindingOptions) {
  return {
    async of(account: string, by: Bound | null | undefined): Promise<Result<AppBinding>> {
      if (by === null || by === undefined || by.apps === everything) return ok(everywhere)
      const { app } = (await accounts.load(account)).snapshot.context
      const { config } = app === '' ? { config: null } : await apps.look(app)
      const refused = app === '' ? undefined : appRefusal({ app, config, by })
      return refused ?? ok({ moved: (context) => (context.app === app ? undefined : movedMeanwhile()) })
    },
  }
}

const movedMeanwhile = () => fail('conflict', 'app: the account was moved to another app meanwhile')

/** Refuses a caller that does not cover the app, unless accounts of the app need consent. A missing app counts as not needing it. */
export function appRefusal({
  app,
  config,
  by,
}: {
  app: string
  config: AppConfig | null
  by: Bound | null | undefined
}): Failed | undefined {
  if (by === null || by === undefined || covers(by.apps, app)) return undefined
  if (config !== null && spendsRefreshToken(config)) return undefined
  return fail('forbidden', 'app: this API token does not cover this app, whose accounts need no consent')
}
