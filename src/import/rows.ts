import type { AccountPut } from '../contract/account.ts'
import type { AppPut } from '../contract/app.ts'

/** One app or account of somewhere else: what to put here, or why it is left out. */
export type Row<Put> = {
  readonly id: string
  /** Where it stands in its file. */
  readonly line?: number
} & (
  | { readonly put: Put }
  /** Not for tokenbus. */
  | { readonly skip: string }
  /** Should be, and cannot be read. */
  | { readonly fail: string }
)

export type AppRow = Row<AppPut> & {
  /** The app has secrets that are not in the row: it is of use only where the app is there already. */
  readonly secretsLeftOut?: true
}
export type AccountRow = Row<AccountPut>

/** Apps come first: an account cannot be put before its app. */
export interface Source {
  readonly apps: AsyncIterable<AppRow>
  readonly accounts: AsyncIterable<AccountRow>
  /** How many rows there are in all. */
  readonly total: number
}

/** The source cannot be read as a whole: nothing is imported. The message is a sentence that says what to do. */
export class UnreadableSource extends Error {}
