/** A bad day, lived with real processes. Rejects where a promise is broken. */
export interface Drill {
  readonly name: string
  run(say: (line: string) => void): Promise<void>
}
