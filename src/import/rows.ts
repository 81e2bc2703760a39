import type { AccountPut } from '../contract/account.ts'
import type { AppPut } from '../contract/app.ts'

/** An app or account to import: its put, or why it is left out. */
export type Row<Put> = {
  readonly id: string
  /** Its line in the file. */
  readonly line?: number
} & (
  | { readonly put: Put }
  /** Not applicable to tokenbus. */
  | { readonly skip: string }
  /** It should be imported, but cannot be read. */
  | { readonly fail: string }
)

export type AppRow = Row<AppPut> & {
  /** The app's secrets are not in the row, so it cannot be created from it. */
  readonly secretsLeftOut?: true
}
export type AccountRow = Row<AccountPut>

/** Apps come first: an account cannot be put before its app. */
export interface Source {
  readonly apps: AsyncIterable<AppRow>
  readonly accounts: AsyncIterable<AccountRow>
  /** The number of all rows. */
  readonly total: number
}

/** The source is unreadable, and nothing is imported. The message is a sentence that says what to do. */
export class UnreadableSource extends Error {}
