/** Clocks and timers of one node, replaceable in tests. */
export interface Timers {
  /** Milliseconds of a monotonic clock. */
  elapsed(): number
  /** Milliseconds since 1970 by this machine's clock. */
  wallClock(): number
  /** Returns a function that cancels it. Does not keep the process alive. */
  after(milliseconds: number, job: () => void): () => void
  delay(milliseconds: number): Promise<void>
  /** Runs `job` repeatedly, each time `milliseconds` after the previous run ended. */
  poll(milliseconds: number, job: () => Promise<void>): Poll
}

export interface Poll {
  /** Starts no further run; resolves once the current one has ended. */
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
