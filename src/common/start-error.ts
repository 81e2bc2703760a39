/** Why tokenbus will not start: one sentence for the operator, saying what to do, without secrets. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
