import { bucketLevel, type TokenBucket } from '../../machines/token-bucket.ts'
import type { Timers } from '../common/timers.ts'

/** The limits of one node for an app's provider: concurrent requests, and requests per second. */
export interface Caps {
  readonly concurrency: number
  readonly perSecond: number
}

interface Queue {
  caps: Caps
  busy: number
  /** Places reserved but not yet used. */
  expected: number
  bucket: TokenBucket
  readonly waiting: Set<() => void>
  callOff: () => void
}

const second = 1_000
const unlimited: Caps = { concurrency: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY }

export interface AppSlots {
  /** True if the app's limits were set on this node. */
  knows(app: string): boolean
  /** Sets the app's limits. */
  allow(app: string, caps: Caps): void
  /** Acquires a slot; resolves with its release, or null after the time-out in milliseconds. */
  enter(app: string, within: number): Promise<(() => void) | null>
  /**
   * Reserves a place in the queue, unless it is longer than one round of slots. Returns a function that releases the place
   * once the slot is acquired, or null if the queue is too long.
   */
  expect(app: string): (() => void) | null
  /** The number of slots in use and waiting, over all apps. */
  size(): number
}

/** Limits concurrency and rate per app; requests beyond the limits wait with a time-out. */
export function createAppSlots(timers: Pick<Timers, 'after' | 'elapsed'>): AppSlots {
  const queues = new Map<string, Queue>()

  function queueOf(app: string): Queue {
    const known = queues.get(app)
    if (known !== undefined) return known
    const queue = {
      caps: unlimited,
      busy: 0,
      expected: 0,
      bucket: { level: Number.POSITIVE_INFINITY, at: timers.elapsed() },
      waiting: new Set<() => void>(),
      callOff() {},
    }
    queues.set(app, queue)
    return queue
  }

  /** A token bucket with a burst of one second. */
  function levelOf({ bucket, caps: { perSecond } }: Queue): number {
    return bucketLevel(
      bucket,
      { size: Math.max(1, perSecond), interval: second / perSecond },
      timers.elapsed(),
    )
  }

  /** Rounded up to milliseconds, so that the timer does not fire before the bucket has a token. */
  const pauseOf = (queue: Queue) =>
    Math.ceil((Math.max(0, 1 - levelOf(queue)) * second) / queue.caps.perSecond)

  function admitNext(queue: Queue): void {
    queue.callOff()
    for (const admit of queue.waiting) {
      if (queue.busy >= queue.caps.concurrency) return
      const pause = pauseOf(queue)
      if (pause > 0) {
        queue.callOff = timers.after(pause, () => admitNext(queue))
        return
      }
      admit()
    }
  }

  /** Returns an idempotent function that releases the slot. */
  function occupy(queue: Queue): () => void {
    queue.busy++
    queue.bucket = { level: levelOf(queue) - 1, at: timers.elapsed() }
    let mine = true
    return () => {
      if (mine) queue.busy--
      mine = false
      admitNext(queue)
    }
  }

  return {
    knows: (app) => (queues.get(app)?.caps ?? unlimited) !== unlimited,
    allow(app, caps) {
      queueOf(app).caps = caps
    },
    enter(app, within) {
      const queue = queueOf(app)
      return new Promise((resolve) => {
        const settle = (leave: (() => void) | null) => {
          callOff()
          queue.waiting.delete(admit)
          resolve(leave)
        }
        const admit = () => settle(occupy(queue))
        const callOff = timers.after(within, () => settle(null))
        queue.waiting.add(admit)
        admitNext(queue)
      })
    },
    expect(app) {
      const queue = queueOf(app)
      const { caps, busy, expected, waiting } = queue
      const before = expected + waiting.size
      const full = busy + before >= 2 * caps.concurrency
      if (full || pauseOf(queue) + (before * second) / caps.perSecond > second) return null
      queue.expected++
      return () => {
        queue.expected--
      }
    },
    size: () =>
      [...queues.values()].reduce(
        (sum, { busy, expected, waiting }) => sum + busy + expected + waiting.size,
        0,
      ),
  }
}
