interface Line<T> {
  readonly running: Promise<T>
  next: Promise<T> | null
}

/**
 * One load at a time for each key. Whoever comes while one is under way gets the next, together with all the others: what
 * began earlier may have missed a change that the caller was already listening for.
 */
export function createSharedLoad<T>(load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const lines = new Map<string, Line<T>>()

  function start(key: string): Promise<T> {
    const line: Line<T> = { running: load(key), next: null }
    lines.set(key, line)
    const done = () => {
      if (lines.get(key) === line && line.next === null) lines.delete(key)
    }
    line.running.then(done, done)
    return line.running
  }

  return (key) => {
    const line = lines.get(key)
    if (line === undefined) return start(key)
    line.next ??= line.running.then(
      () => start(key),
      () => start(key),
    )
    return line.next
  }
}
