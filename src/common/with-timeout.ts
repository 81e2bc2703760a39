import type { Timers } from './timers.ts'

export interface Timeout<T, L> {
  readonly work: Promise<T>
  readonly milliseconds: number
  /** Called when the time is over; its result or exception replaces the work's. The work itself is not cancelled. */
  readonly onTimeout: () => L
  /** By default a timer that keeps the process alive. */
  readonly after?: Timers['after']
}

/** Settles as `work` does, or with the result of `onTimeout` if that comes first. */
export function withTimeout<T, L>({
  work,
  milliseconds,
  onTimeout,
  after = afterKeepingAlive,
}: Timeout<T, L>): Promise<T | L> {
  let cancel = () => {}
  const late = new Promise<L>((resolve, reject) => {
    cancel = after(milliseconds, () => {
      try {
        resolve(onTimeout())
      } catch (error) {
        reject(error)
      }
    })
  })
  return Promise.race([work, late]).finally(cancel)
}

const afterKeepingAlive: Timers['after'] = (milliseconds, job) => {
  const timer = setTimeout(job, milliseconds)
  return () => clearTimeout(timer)
}
