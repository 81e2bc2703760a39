import { bucketLevel, type TokenBucket } from '../../machines/token-bucket.ts'
import type { Timers } from '../common/timers.ts'

/** The limits of one node for an app's provider: concurrent requests, and requests per second. */
export interface Caps {
  readonly concurrency: number
  readonly perSecond: number
}

interface Queue {
  caps: Caps
  inUse: number
  /** Places reserved but not yet used. */
  reserved: number
  bucket: TokenBucket
  readonly waiting: Set<() => void>
  cancelTimer: () => void
}

const second = 1_000
const unlimited: Caps = { concurrency: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY }

export interface ProviderLimits {
  /** True if the app's limits were set on this node. */
  has(app: string): boolean
  /** Sets the app's limits. */
  set(app: string, caps: Caps): void
  /** Acquires a slot; resolves with its release, or null after the time-out in milliseconds. */
  acquire(app: string, within: number): Promise<(() => void) | null>
  /**
   * Reserves a place in the queue, unless it is longer than one round of slots. Returns a function that releases the place
   * once the slot is acquired, or null if the queue is too long.
   */
  reserve(app: string): (() => void) | null
  /** The number of slots in use and waiting, over all apps. */
  size(): number
}

/** Limits concurrency and rate per app; requests beyond the limits wait with a time-out. */
export function createProviderLimits(timers: Pick<Timers, 'after' | 'elapsed'>): ProviderLimits {
  const queues = new Map<string, Queue>()

  function queueOf(app: string): Queue {
    const known = queues.get(app)
    if (known !== undefined) return known
    const queue = {
      caps: unlimited,
      inUse: 0,
      reserved: 0,
      bucket: { level: Number.POSITIVE_INFINITY, at: timers.elapsed() },
      waiting: new Set<() => void>(),
      cancelTimer() {},
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
  const pauseFor = (queue: Queue) =>
    Math.ceil((Math.max(0, 1 - levelOf(queue)) * second) / queue.caps.perSecond)

  function admitWaiting(queue: Queue): void {
    queue.cancelTimer()
    for (const admit of queue.waiting) {
      if (queue.inUse >= queue.caps.concurrency) return
      const pause = pauseFor(queue)
      if (pause > 0) {
        queue.cancelTimer = timers.after(pause, () => admitWaiting(queue))
        return
      }
      admit()
    }
  }

  /** Returns an idempotent function that releases the slot. */
  function take(queue: Queue): () => void {
    queue.inUse++
    queue.bucket = { level: levelOf(queue) - 1, at: timers.elapsed() }
    let isHeld = true
    return () => {
      if (isHeld) queue.inUse--
      isHeld = false
      admitWaiting(queue)
    }
  }

  return {
    has: (app) => (queues.get(app)?.caps ?? unlimited) !== unlimited,
    set(app, caps) {
      queueOf(app).caps = caps
    },
    acquire(app, within) {
      const queue = queueOf(app)
      return new Promise((resolve) => {
        const settle = (release: (() => void) | null) => {
          cancelTimer()
          queue.waiting.delete(admit)
          resolve(release)
        }
        const admit = () => settle(take(queue))
        const cancelTimer = timers.after(within, () => settle(null))
        queue.waiting.add(admit)
        admitWaiting(queue)
      })
    },
    reserve(app) {
      const queue = queueOf(app)
      const { caps, inUse, reserved, waiting } = queue
      const ahead = reserved + waiting.size
      const full = inUse + ahead >= 2 * caps.concurrency
      if (full || pauseFor(queue) + (ahead * second) / caps.perSecond > second) return null
      queue.reserved++
      return () => {
        queue.reserved--
      }
    },
    size: () =>
      [...queues.values()].reduce(
        (sum, { inUse, reserved, waiting }) => sum + inUse + reserved + waiting.size,
        0,
      ),
  }
}
