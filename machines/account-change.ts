import type { AccountContext } from './account-context.ts'

/** What an action makes of the context. */
export type Change = Partial<AccountContext>
