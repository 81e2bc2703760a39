export interface Progress {
  /** Counts one more as done. */
  step(): void
}

export interface ProgressOptions {
  readonly total: number
  say(line: string): void
  /** Milliseconds. */
  now?(): number
}

const sayEvery = 5_000

/** Reports share, rate and remaining time of a long run every five seconds. */
export function createProgress({ total, say, now = () => performance.now() }: ProgressOptions): Progress {
  const begun = now()
  let said = begun
  let done = 0
  return {
    step() {
      done++
      const at = now()
      if (at - said < sayEvery || done >= total) return
      said = at
      const perSecond = (done * 1_000) / (at - begun)
      const left = Math.ceil((total - done) / perSecond)
      const percent = Math.floor((done * 100) / total)
      say(
        `${done} of ${total} (${percent} %), ${Math.round(perSecond)} a second, about ${durationOf(left)} left`,
      )
    },
  }
}

function durationOf(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
