import type { Ref } from './keys.ts'
import type { Revision } from './record.ts'

/** A record that this node cannot read: stored by a newer version, or sealed with a key it lacks. Other nodes may. */
export class NewerForm extends Error {
  readonly read: Revision

  constructor({ ref: { kind, id }, read, cause }: { ref: Ref; read: Revision; cause: Error }) {
    super(`${kind} ${id} is stored in a form that this node cannot read: ${cause.message}`, { cause })
    this.read = read
  }
}
