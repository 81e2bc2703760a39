import type { AccountContext } from './account-context.ts'

/** A change of the context by an action. */
export type Change = Partial<AccountContext>
