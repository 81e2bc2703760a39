import { expect, it } from 'vitest'
import { createProviderLimits } from '../../src/refresh/provider-limits.ts'

/** A clock that a test advances. */
function handTimers() {
  let now = 0
  const jobs = new Map<() => void, number>()
  return {
    elapsed: () => now,
    after(milliseconds: number, job: () => void) {
      jobs.set(job, now + milliseconds)
      return () => void jobs.delete(job)
    },
    async pass(milliseconds: number) {
      for (const end = now + milliseconds; now < end; now++) {
        for (const [job, at] of jobs)
          if (at <= now) {
            jobs.delete(job)
            job()
          }
        await Promise.resolve()
      }
    },
  }
}

function setUp(caps: { concurrency: number; perSecond: number }) {
  const timers = handTimers()
  const limits = createProviderLimits(timers)
  limits.set('app', caps)
  const left: ((() => void) | null)[] = []
  const enter = (within = 3_000) => void limits.acquire('app', within).then((leave) => left.push(leave))
  return { timers, limits, left, enter }
}

it('requests up to the concurrency limit are admitted at once, the others in order as slots are released, or they time out', async () => {
  const { timers, left, enter } = setUp({ concurrency: 2, perSecond: 1_000 })
  for (const within of [3_000, 3_000, 500, 3_000]) enter(within)
  await timers.pass(10)
  expect(left).toHaveLength(2)
  await timers.pass(600)
  expect(left.slice(2)).toEqual([null])
  left[0]?.()
  left[0]?.()
  await timers.pass(10)
  expect(left).toHaveLength(4)
  expect(left[3]).toBeTypeOf('function')
})

it('a burst of one second is admitted at once, then requests at the configured rate', async () => {
  const { timers, left, enter } = setUp({ concurrency: 1_000, perSecond: 10 })
  for (let i = 0; i < 30; i++) enter()
  await timers.pass(1)
  expect(left).toHaveLength(10)
  await timers.pass(1_000)
  expect(left).toHaveLength(20)
})

it('no place is reserved once the queue is longer than one round of slots', async () => {
  const { timers, limits, enter } = setUp({ concurrency: 2, perSecond: 1_000 })
  enter()
  await timers.pass(1)
  const expected = [limits.reserve('app'), limits.reserve('app'), limits.reserve('app')]
  expect(limits.reserve('app')).toBeNull()
  expected[0]?.()
  expect(limits.reserve('app')).not.toBeNull()
  expect(limits.reserve('other')).not.toBeNull()
})

it('no place is reserved if the rate limit would delay it by more than a second', () => {
  const { limits } = setUp({ concurrency: 100, perSecond: 5 })
  const begun = Array.from({ length: 20 }, () => limits.reserve('app')).filter((each) => each !== null)
  expect(begun).toHaveLength(6)
})
