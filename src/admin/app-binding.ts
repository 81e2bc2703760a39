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

/** What was judged of an account, for inside the compare-and-set: is it of another app by now? */
export interface AppBinding {
  moved(context: Pick<AccountContext, 'app'>): Failed | undefined
}

const everywhere: AppBinding = { moved: () => undefined }

/**
 * An account of an app whose grant needs no person gets the token of whomever it names. So it is written only for who may
 * use the app, whichever accounts one is for, and is neither moved to such an app nor away from it.
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

/** Of an app that is not there nobody knows what its grant needs. */
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
  return fail('forbidden', 'app: this API token is not for this app, whose accounts need nobody to consent')
}
