import { afterEach, beforeEach, expect, it, vi } from 'vitest'

type Calmly = (job: () => Promise<void>) => () => void
// Files of the page have no type declarations.
const { calmly } = (await import(new URL('../../src/http/page/live.js', import.meta.url).href)) as {
  calmly: Calmly
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('runs a few times a second during continuous events', async () => {
  const job = vi.fn(async () => {})
  const onEvent = calmly(job)
  for (let event = 0; event < 1_000; event++) {
    onEvent()
    await vi.advanceTimersByTimeAsync(10)
  }
  expect(job.mock.calls.length).toBeGreaterThan(25)
  expect(job.mock.calls.length).toBeLessThan(50)
})

it('runs after the last of several events, and never concurrently', async () => {
  let running = 0
  const seen: number[] = []
  let events = 0
  const onEvent = calmly(async () => {
    expect(++running).toBe(1)
    const known = events
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    seen.push(known)
    running--
  })
  for (; events < 50; events++) {
    onEvent()
    await vi.advanceTimersByTimeAsync(40)
  }
  onEvent()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(seen.at(-1)).toBe(50)
  expect(seen.length).toBeLessThan(6)
})

it('continues after a job failed', async () => {
  const job = vi.fn(async () => {}).mockRejectedValueOnce(new Error('the node is away'))
  const onEvent = calmly(job)
  for (let time = 0; time < 2; time++) {
    onEvent()
    await vi.advanceTimersByTimeAsync(1_000)
  }
  expect(job).toHaveBeenCalledTimes(2)
})
