import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { countersByApp } from '../../src/metrics/by-app.ts'
import { createTopNames } from '../../src/metrics/top-names.ts'

function topOf(most: number) {
  const dropped: string[] = []
  const top = createTopNames({ most, others: '(others)', onDropped: (name) => dropped.push(name) })
  const use = (name: string, times: number) => {
    let label = ''
    for (let i = 0; i < times; i++) label = top.labelOf(name)
    return label
  }
  return { use, dropped }
}

it('the first names have their own labels, the others a common one', () => {
  const { use, dropped } = topOf(2)
  expect([use('a', 5), use('b', 5), use('c', 5), use('a', 1)]).toEqual(['a', 'b', '(others)', 'a'])
  expect(dropped).toEqual([])
})

it('a name with twice the uses of the least busy one replaces it', () => {
  const { use, dropped } = topOf(2)
  use('busy', 50)
  use('quiet', 5)
  expect([use('new', 9), use('new', 1)]).toEqual(['(others)', 'new'])
  expect(dropped).toEqual(['quiet'])
  expect([use('quiet', 1), use('busy', 1)]).toEqual(['(others)', 'busy'])
})

it('a name that is no longer busy loses its label', () => {
  const { use } = topOf(2)
  use('old', 4_000)
  use('busy', 60_000)
  expect(use('new', 2_000)).toBe('new')
})

it('the label of all others cannot be taken, and the number of remembered names is bounded', () => {
  const { use } = topOf(1)
  expect(use('(others)', 1)).toBe('(others)')
  use('a', 100)
  for (let i = 0; i < 20_000; i++) expect(use(`app-${i}`, 1)).toBe('(others)')
  expect(use('a', 1)).toBe('a')
})

it('of three hundred apps twenty have their own label', async () => {
  const registry = new Registry()
  const { attemptEnded, accountInvalid } = countersByApp(registry)
  for (let busy = 1; busy <= 300; busy++) {
    for (let i = 0; i < busy; i++) attemptEnded({ app: `app-${busy}`, outcome: 'succeeded' })
    attemptEnded({ app: `app-${busy}`, outcome: 'T' })
    accountInvalid(`app-${busy}`, 'A')
  }
  const text = await registry.metrics()
  const apps = new Set([...text.matchAll(/app="([^"]+)"/g)].map(([, app]) => app))
  expect(apps.size).toBe(21)
  expect(apps).toContain('app-300')
  expect(apps).toContain('(others)')
})
