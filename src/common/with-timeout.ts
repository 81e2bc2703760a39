import type { Timers } from './timers.ts'

export interface Timeout<T, L> {
  readonly work: Promise<T>
  readonly milliseconds: number
  /** What it comes to when the time is over; may throw. The work itself goes on. */
  readonly onTimeout: () => L
  /** By default a timer that keeps the process alive until then. */
  readonly after?: Timers['after']
}

/** What `work` comes to, or `onTimeout` if that is not known in time. */
export function withTimeout<T, L>({
  work,
  milliseconds,
  onTimeout,
  after = afterAwake,
}: Timeout<T, L>): Promise<T | L> {
  let callOff = () => {}
  const late = new Promise<L>((resolve, reject) => {
    callOff = after(milliseconds, () => {
      try {
        resolve(onTimeout())
      } catch (error) {
        reject(error)
      }
    })
  })
  return Promise.race([work, late]).finally(callOff)
}

const afterAwake: Timers['after'] = (milliseconds, job) => {
  const timer = setTimeout(job, milliseconds)
  return () => clearTimeout(timer)
}
