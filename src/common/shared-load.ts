interface Loads<T> {
  readonly running: Promise<T>
  next: Promise<T> | null
}

/**
 * Runs one load at a time per key. Calls made during a load share the next one, because the load in flight may have read
 * before a change that the caller already knows of.
 */
export function createSharedLoad<T>(load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const byKey = new Map<string, Loads<T>>()

  function start(key: string): Promise<T> {
    const loads: Loads<T> = { running: load(key), next: null }
    byKey.set(key, loads)
    const done = () => {
      if (byKey.get(key) === loads && loads.next === null) byKey.delete(key)
    }
    loads.running.then(done, done)
    return loads.running
  }

  return (key) => {
    const loads = byKey.get(key)
    if (loads === undefined) return start(key)
    loads.next ??= loads.running.then(
      () => start(key),
      () => start(key),
    )
    return loads.next
  }
}
