interface Scheduled {
  readonly at: number
  readonly order: number
  job: (() => void) | null
}

interface Polling {
  at: number
  readonly every: number
  /** Null while a run is under way. */
  job: (() => void) | null
}

export interface World {
  now(): number
  /** Runs `job` at a moment of the world's time; answers how to call it off. */
  at(time: number, job: () => void): () => void
  after(milliseconds: number, job: () => void): () => void
  /** One run, `every` from now; it may come later where nothing would have happened in between. */
  poll(every: number, job: () => void): () => void
  /** Until when all that polls would find nothing to do. */
  quietUntil(look: () => number): void
  run(until: number): Promise<void>
  /** Nothing happens any more. */
  halt(): void
  steps(): number
}

const beginning = Date.UTC(2026, 0, 1)
const stepsPerTurn = 500

/** All time there is: jumps from one event to the next, and lets everything settle in between. */
export function createWorld(): World {
  const heap: Scheduled[] = []
  const polls = new Set<Polling>()
  let now = beginning
  let order = 0
  let steps = 0
  let halted = false
  let quiet = () => now

  function at(time: number, job: () => void): () => void {
    const scheduled: Scheduled = { at: Math.max(time, now), order: order++, job }
    push(heap, scheduled)
    return () => {
      scheduled.job = null
    }
  }

  function firstPoll(): Polling | undefined {
    let first: Polling | undefined
    for (const polling of polls) if (first === undefined || polling.at < first.at) first = polling
    return first
  }

  /** Nobody would notice the polls between now and then. */
  function skipTo(time: number): void {
    for (const polling of polls) {
      if (polling.at < time)
        polling.at += Math.max(0, Math.ceil((time - polling.at) / polling.every)) * polling.every
    }
  }

  /** What comes next happens; false when that is later than `until`, or never. */
  function step(until: number): boolean {
    while (heap[0]?.job === null) pop(heap)
    const next = heap[0]?.at ?? Number.POSITIVE_INFINITY
    let polling = firstPoll()
    if (polling !== undefined && polling.at < next) {
      skipTo(Math.min(next, quiet(), until))
      polling = firstPoll()
    }
    const time = Math.min(next, polling?.at ?? Number.POSITIVE_INFINITY)
    if (halted || time > until) return false
    now = Math.max(now, time)
    steps++
    if (polling !== undefined && polling.at < next) {
      polls.delete(polling)
      polling.job?.()
    } else pop(heap)?.job?.()
    return true
  }

  /** After each immediate all promises settle: one step in each, and many in one turn of the event loop. */
  async function run(until: number): Promise<void> {
    let more = !halted
    const takeStep = () => {
      more &&= step(until)
    }
    while (more) {
      for (let i = 1; i < stepsPerTurn; i++) setImmediate(takeStep)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    now = halted ? now : until
  }

  return {
    now: () => now,
    at,
    after: (milliseconds, job) => at(now + milliseconds, job),
    poll(every, job) {
      const polling = { at: now + every, every, job }
      polls.add(polling)
      return () => void polls.delete(polling)
    },
    quietUntil(look) {
      quiet = look
    },
    run,
    halt() {
      halted = true
    },
    steps: () => steps,
  }
}

const isSooner = (a: Scheduled, b: Scheduled) => a.at < b.at || (a.at === b.at && a.order < b.order)

function push(heap: Scheduled[], item: Scheduled): void {
  let index = heap.push(item) - 1
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (isSooner(heap[parent] as Scheduled, item)) break
    heap[index] = heap[parent] as Scheduled
    index = parent
  }
  heap[index] = item
}

function pop(heap: Scheduled[]): Scheduled | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return first
  let index = 0
  for (;;) {
    let child = 2 * index + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isSooner(heap[child + 1] as Scheduled, heap[child] as Scheduled)) child++
    if (isSooner(last, heap[child] as Scheduled)) break
    heap[index] = heap[child] as Scheduled
    index = child
  }
  heap[index] = last
  return first
}
