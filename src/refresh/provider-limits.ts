import { bucketLevel, type TokenBucket } from '../../machines/token-bucket.ts'
import type { Timers } from '../common/timers.ts'

/** What one node asks of an app's provider: requests at once, and how many may leave per second. */
export interface Caps {
  readonly concurrency: number
  readonly perSecond: number
}

interface Queue {
  caps: Caps
  busy: number
  /** Announced, and not yet come. */
  expected: number
  bucket: TokenBucket
  readonly waiting: Set<() => void>
  callOff: () => void
}

const second = 1_000
const unlimited: Caps = { concurrency: Number.POSITIVE_INFINITY, perSecond: Number.POSITIVE_INFINITY }

export interface AppSlots {
  /** Have its caps been set here? */
  knows(app: string): boolean
  /** What the app allows from now on. */
  allow(app: string, caps: Caps): void
  /** Resolves to how to leave again, or to null when there was no room within so many milliseconds. */
  enter(app: string, within: number): Promise<(() => void) | null>
  /**
   * Announces one more, if its turn will come as soon as all before it have had theirs once. Answers how to take that
   * back when it has entered, or null: then it had better not begin.
   */
  expect(app: string): (() => void) | null
  /** Of all apps, those that wait included. */
  size(): number
}

/** Who may send now. Who comes when the app's caps are reached waits, but not for ever. */
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

  /** A second's worth may leave at once; what is more leaves at the pace of the cap. */
  function levelOf({ bucket, caps: { perSecond } }: Queue): number {
    return bucketLevel(
      bucket,
      { size: Math.max(1, perSecond), interval: second / perSecond },
      timers.elapsed(),
    )
  }

  /** In whole milliseconds: a timer for less might find the bucket as it was. */
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

  /** Answers how to give the slot back; twice does no harm. */
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
