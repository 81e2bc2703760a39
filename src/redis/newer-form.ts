import { ExpectedError } from '../contract/expected-error.ts'
import { fail } from '../contract/failures.ts'
import type { Ref } from './keys.ts'
import type { Revision } from './record.ts'

/** A record that this node cannot read: stored by a newer version, or sealed with a key it lacks. Other nodes may. */
export class NewerForm extends ExpectedError {
  readonly read: Revision

  constructor({ ref: { kind, id }, read, cause }: { ref: Ref; read: Revision; cause: Error }) {
    super(`${kind} ${id} is stored in a form that this node cannot read: ${cause.message}`, { cause })
    this.read = read
  }

  get failed() {
    return fail('storage_unavailable', 'this is stored in a form that only a newer node reads', {
      retryAfter: 5,
    })
  }
}
