/** Runs the jobs of one key one after another, and those of different keys side by side. */
export function createTurns() {
  const last = new Map<string, Promise<unknown>>()
  return {
    take<T>(key: string, job: () => Promise<T>): Promise<T> {
      const turn = (last.get(key) ?? Promise.resolve()).then(job, job)
      const settled = turn.catch(() => undefined)
      last.set(key, settled)
      void settled.then(() => {
        if (last.get(key) === settled) last.delete(key)
      })
      return turn
    },
  }
}
