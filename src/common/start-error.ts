/**
 * Why tokenbus does not start: one sentence for the operator that says what to do, without secrets.
 *
 * @example
 * ```ts
 * const service = await startService(options).catch((error: unknown) => {
 *   if (!(error instanceof StartError)) throw error
 *   process.stderr.write(`${error.message}\n`)
 *   process.exit(1)
 * })
 * ```
 */
export class StartError extends Error {
  override readonly name = 'StartError'
}
