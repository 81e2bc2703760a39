import { expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'

function start(total: number) {
  let now = 0
  const said: string[] = []
  const { step } = createProgress({ total, say: (line) => said.push(line), now: () => now })
  const steps = (count: number, milliseconds: number) => {
    for (let i = 0; i < count; i++) {
      now += milliseconds
      step()
    }
  }
  return { said, steps }
}

it('reports share, rate and remaining time every five seconds', () => {
  const { said, steps } = start(10_000)
  steps(4_999, 2)
  expect(said).toEqual(['2500 of 10000 (25 %), 500 a second, about 15 s left'])
  steps(1, 2)
  expect(said.at(-1)).toBe('5000 of 10000 (50 %), 500 a second, about 10 s left')
  expect(said).toHaveLength(2)
})

it('reports minutes, and the average rate', () => {
  const { said, steps } = start(100_000)
  steps(100, 10)
  steps(80, 50)
  expect(said).toEqual(['180 of 100000 (0 %), 36 a second, about 46 min 13 s left'])
})

it('reports nothing for short runs, nor at the end', () => {
  const short = start(100)
  short.steps(100, 10)
  expect(short.said).toEqual([])
  const long = start(3)
  long.steps(3, 10_000)
  expect(long.said).toHaveLength(2)
})
