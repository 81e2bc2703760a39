/** Serialises jobs per key; different keys run concurrently. */
export interface KeyedQueue {
  run<T>(key: string, job: () => Promise<T>): Promise<T>
}

export function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<unknown>>()
  return {
    run<T>(key: string, job: () => Promise<T>): Promise<T> {
      const result = (last.get(key) ?? Promise.resolve()).then(job, job)
      const settled = result.catch(() => undefined)
      last.set(key, settled)
      void settled.then(() => {
        if (last.get(key) === settled) last.delete(key)
      })
      return result
    },
  }
}
