import type { Dialect, ErrorRow, FailureClass, ProviderError } from './classified.ts'
import { meaningOfError, meaningOfNumber, meaningOfSuberror } from './error-classes.ts'

/** A class after which the same grant may work again. */
export function isRecoverable(failureClass: FailureClass): boolean {
  return failureClass !== 'A' && failureClass !== 'R'
}

export interface Classify {
  readonly providerError: ProviderError
  /** This grant has been refreshed before with the same request. */
  readonly workedBefore: boolean
  readonly dialect?: Dialect | undefined
}

/** The most specific known code: number, then suberror, then error (RFC 6749 §5.2). */
export function classify({ providerError, workedBefore, dialect }: Classify): ErrorRow | undefined {
  const { error, suberror, codes = [] } = providerError
  const known =
    dialect?.words.get(error) ??
    dialect?.otherwise ??
    codes.map((code) => meaningOfNumber(error).get(code)).find((row) => row !== undefined) ??
    (suberror === undefined ? undefined : meaningOfSuberror.get(suberror)) ??
    meaningOfError.get(error)
  return (workedBefore && known?.ifWorkedBefore) || known
}
