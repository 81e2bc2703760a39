import { expect, it } from 'vitest'
import { createOperatorLog } from '../../src/actors/operator-log.ts'
import { unobserved } from '../../src/common/observer.ts'
import { linesOf } from '../support/lines-of.ts'

const failure = {
  class: 'T',
  reason: 'provider_unavailable',
  action: 'wait',
  inDoubt: false,
  providerError: { status: 503 },
} as never

function start() {
  let now = 0
  const { logger, lines } = linesOf()
  const log = createOperatorLog({ logger, timers: { elapsed: () => now }, observer: unobserved })
  return {
    lines,
    pass(milliseconds: number): void {
      now += milliseconds
    },
    fail(times: number, app = 'app'): void {
      for (let i = 0; i < times; i++)
        log.refreshFailed({ account: `account-${i}`, app, attempt: 'x' }, failure)
    },
  }
}

it('a thousand failures of one app are logged in twenty lines, and the next line counts the omitted ones', () => {
  const { lines, pass, fail } = start()
  fail(1_000)
  expect(lines()).toHaveLength(20)
  expect(lines().some((line) => 'omitted' in line)).toBe(false)
  pass(10_000)
  fail(1)
  expect(lines()).toHaveLength(21)
  expect(lines().at(-1)).toMatchObject({ msg: 'refresh failed', app: 'app', omitted: 980 })
})

it('continuous failures are logged every ten seconds, and every omitted line is counted', () => {
  const { lines, pass, fail } = start()
  for (let second = 0; second < 100; second++) {
    fail(50)
    pass(1_000)
  }
  expect(lines().length).toBeGreaterThanOrEqual(29)
  expect(lines().length).toBeLessThanOrEqual(30)
  pass(10_000)
  fail(1)
  const omitted = lines().reduce((sum, line) => sum + Number(line.omitted ?? 0), 0)
  expect(lines().length + omitted).toBe(5_001)
})

it('failures of one app do not suppress lines of another', () => {
  const { lines, fail } = start()
  fail(1_000)
  fail(1, 'other')
  expect(lines().at(-1)).toMatchObject({ app: 'other', account: 'account-0' })
})
