import type { AccountPut, AppPut } from '../schemas.ts'

/** One app or account of somewhere else: what to put here, or why it is left out. */
export type Row<Put> = { readonly id: string } & (
  | { readonly put: Put }
  /** Not for tokenbus. */
  | { readonly skip: string }
  /** Should be, and cannot be read. */
  | { readonly fail: string }
)

export type AppRow = Row<AppPut>
export type AccountRow = Row<AccountPut>

/** Apps come first: an account cannot be put before its app. */
export interface Source {
  readonly apps: AsyncIterable<AppRow>
  readonly accounts: AsyncIterable<AccountRow>
}

/** The source cannot be read as a whole: nothing is imported. The message is a sentence that says what to do. */
export class UnreadableSource extends Error {}
