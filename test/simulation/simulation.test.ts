import { expect, it } from 'vitest'
import { liveThrough } from './cluster-life.ts'

const timeBox = 40_000

it('no seed breaks what must hold', { timeout: timeBox * 3 }, async () => {
  const began = performance.now()
  for (let seed = 1; seed <= 300 && performance.now() - began < timeBox; seed++) {
    const { broken } = await liveThrough({ seed, days: 0.5, later: false })
    expect(broken, `seed ${seed}`).toBeNull()
  }
})

it('no seed breaks what must hold, with all kinds of faults', { timeout: timeBox * 6 }, async () => {
  const began = performance.now()
  for (let seed = 1; seed <= 8 && performance.now() - began < timeBox; seed++) {
    const { broken } = await liveThrough({ seed, days: 0.5 })
    expect(broken, `npm run simulate -- --seed ${seed} --days 0.5`).toBeNull()
  }
})

it('the same seed lives the same life', async () => {
  const live = async () => {
    const notes: string[] = []
    const { steps, served } = await liveThrough({
      seed: 4,
      days: 0.25,
      onNote: ({ at, text }) => notes.push(`${at} ${text}`),
    })
    return { steps, served, notes }
  }
  expect(await live()).toEqual(await live())
})
