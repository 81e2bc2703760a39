/** Passing time, as one node lives it. */
export interface Timers {
  /** Milliseconds of a clock that only goes forward. */
  elapsed(): number
  /** Milliseconds since 1970, as far as this machine knows. */
  wallClock(): number
  /** Answers how to call it off. Keeps no process alive. */
  after(milliseconds: number, job: () => void): () => void
  delay(milliseconds: number): Promise<void>
  /** Runs `job` so long after the start, and again so long after each end. */
  poll(milliseconds: number, job: () => Promise<void>): Poll
}

export interface Poll {
  /** No run begins any more; resolves once the one under way has ended. */
  stop(): Promise<void>
}

export const realTimers: Timers = {
  elapsed: () => performance.now(),
  wallClock: () => Date.now(),
  after(milliseconds, job) {
    const timer = setTimeout(job, milliseconds).unref()
    return () => clearTimeout(timer)
  },
  delay: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  poll(milliseconds, job) {
    let stopped = false
    let run: Promise<void> = Promise.resolve()
    let timer: NodeJS.Timeout
    const schedule = () => {
      if (stopped) return
      timer = setTimeout(() => {
        run = job().finally(schedule)
      }, milliseconds)
    }
    schedule()
    return {
      stop() {
        stopped = true
        clearTimeout(timer)
        return run
      },
    }
  },
}
