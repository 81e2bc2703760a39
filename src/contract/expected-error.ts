import type { Failed } from './failures.ts'

/** An expected failure that is thrown, because any read or write of the storage may meet it. */
export abstract class ExpectedError extends Error {
  abstract readonly failed: Failed
}

/** The failure behind what was thrown; undefined for a bug. */
export function expectedFailure(thrown: unknown): Failed | undefined {
  return thrown instanceof ExpectedError ? thrown.failed : undefined
}
