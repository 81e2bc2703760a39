import { ExpectedError } from '../contract/expected-error.ts'
import { fail } from '../contract/failures.ts'
import type { Ref } from './keys.ts'
import type { Revision } from './record.ts'

/** A record that only other nodes can read: stored by a newer version, or encrypted with a key this node lacks. */
export class NewerForm extends ExpectedError {
  readonly read: Revision

  constructor({ ref: { kind, id }, read, cause }: { ref: Ref; read: Revision; cause: Error }) {
    super(`${kind} ${id} is stored in a form that this node cannot read: ${cause.message}`, { cause })
    this.read = read
  }

  get failed() {
    return fail(
      'storage_unavailable',
      'this record was stored by a newer version, which this node cannot read',
      {
        retryAfter: 5,
      },
    )
  }
}
