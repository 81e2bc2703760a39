import { type Failure, fail } from '../contract/failures.ts'
import type { FieldError } from '../contract/field-errors.ts'

/** An expected failure, thrown to the error handler that maps failures to responses. */
export class Refused extends Error {
  readonly failure: Failure
  readonly fields: readonly FieldError[] | undefined

  constructor(failure: Failure, fields?: readonly FieldError[]) {
    super(failure.message)
    this.failure = failure
    this.fields = fields
  }
}

export function refuse(...failing: Parameters<typeof fail>): Refused {
  return new Refused(fail(...failing).failure)
}
