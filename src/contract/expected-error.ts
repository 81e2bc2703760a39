import type { Failed } from './failures.ts'

/** An expected failure that is thrown instead of returned, because any access to the storage may cause it. */
export abstract class ExpectedError extends Error {
  abstract readonly failed: Failed
}

/** The failure of an expected error; undefined for a bug. */
export function expectedFailure(thrown: unknown): Failed | undefined {
  return thrown instanceof ExpectedError ? thrown.failed : undefined
}
