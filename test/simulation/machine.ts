import type { Timers } from '../../src/common/timers.ts'
import type { World } from './world.ts'

/** A machine that can be paused or stopped: its pending events wait, or never happen. */
export interface Machine {
  readonly name: string
  /** Counts its starts: events of an earlier start do not happen in the next. */
  life(): number
  isUp(): boolean
  isPaused(): boolean
  /** Has it been up and not paused since then? */
  ranSince(time: number): boolean
  boot(): void
  crash(): void
  pause(): void
  resume(): void
  /** Happens on this machine, in this life, once it runs. */
  later(milliseconds: number, job: () => void): () => void
  /** The same without delay: at once, when it resumes, or never. */
  now(job: () => void): void
  setRate(rate: number): void
  /** Sets its wall clock off by so many milliseconds more. */
  stepWallClock(milliseconds: number): void
  timers(): Timers
}

/** `rate`: how fast its clock goes at first, 1 is right; `skew`: how wrong its wall clock is, in milliseconds. */
export function createMachine({
  name,
  world,
  rate: firstRate,
  skew,
}: {
  name: string
  world: World
  rate: number
  skew: number
}): Machine {
  let life = 0
  let up = false
  let paused = false
  let troubleAt = 0
  let waiting: (() => void)[] = []
  let rate = firstRate
  let rateSince = world.now()
  let elapsedBefore = 0
  let step = 0
  const elapsed = () => elapsedBefore + (world.now() - rateSince) * rate
  const bornAt = world.now()

  /** Runs now, when the machine resumes, or never. */
  function here(job: () => void): () => void {
    const born = life
    const run = () => {
      if (!up || life !== born) return
      if (paused) waiting.push(run)
      else job()
    }
    return run
  }

  function stop(): void {
    up = false
    paused = false
    waiting = []
  }

  const later = (milliseconds: number, job: () => void) => world.after(milliseconds, here(job))

  return {
    name,
    life: () => life,
    isUp: () => up,
    isPaused: () => paused,
    ranSince: (time) => up && !paused && troubleAt < time,
    boot() {
      troubleAt = world.now()
      life++
      up = true
    },
    crash: stop,
    pause() {
      paused = up
    },
    resume() {
      paused = false
      troubleAt = world.now()
      for (const job of waiting.splice(0)) world.after(0, job)
    },
    later,
    now: (job) => here(job)(),
    setRate(next) {
      elapsedBefore = elapsed()
      rateSince = world.now()
      rate = next
    },
    stepWallClock(milliseconds) {
      step += milliseconds
    },
    timers: () => ({
      elapsed,
      wallClock: () => bornAt + elapsed() + skew + step,
      after: (milliseconds, job) => later(milliseconds / rate, job),
      delay: (milliseconds) => new Promise((resolve) => later(milliseconds / rate, resolve)),
      poll(milliseconds, job) {
        let stopped = false
        let run: Promise<void> = Promise.resolve()
        let cancel = () => {}
        const schedule = () => {
          if (stopped) return
          cancel = world.poll(
            milliseconds / rate,
            here(() => {
              run = job().finally(schedule)
            }),
          )
        }
        schedule()
        return {
          stop() {
            stopped = true
            cancel()
            return run
          },
        }
      },
    }),
  }
}
