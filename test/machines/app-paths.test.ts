import { expect, it } from 'vitest'
import { appChart, appPaths } from '../support/app-paths.ts'

it('the model takes every transition of the chart, including eventless ones', () => {
  const { taken } = appPaths()
  expect(appChart().filter((each) => !taken.has(each))).toEqual([])
  expect(appChart().length).toBeGreaterThan(60)
})
