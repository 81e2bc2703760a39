import { expect, it } from 'vitest'
import { accountChart } from '../support/account-chart.ts'
import { accountPaths } from '../support/account-paths.ts'

it('the model takes every transition of the chart', () => {
  const { edges, paths, ways } = accountPaths()
  const missing = accountChart().filter(({ from, event, to }) => !edges.has(`${from} ${event} ${to}`))
  expect(missing).toEqual([])
  expect(new Set(paths.flatMap(({ steps }) => steps.map(({ value }) => value))).size).toBe(5)
  expect(paths).toHaveLength(ways)
})
