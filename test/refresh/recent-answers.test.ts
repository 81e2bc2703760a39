import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { realTimers } from '../../src/common/timers.ts'
import { createSealer } from '../../src/redis/seal.ts'
import { parseKeys } from '../../src/redis/seal-keys.ts'
import type { Answer } from '../../src/refresh/answer-text.ts'
import { createRecentAnswers } from '../../src/refresh/recent-answers.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => vi.useRealTimers())

function scene() {
  const sealer = createSealer(parseKeys(`key:${randomBytes(32).toString('base64')}`))
  const seal = vi.spyOn(sealer, 'seal')
  return { recent: createRecentAnswers({ sealer, timers: realTimers }), seal }
}

function answer(attempt: string, size = 8): Answer {
  return {
    account: 'alice',
    attempt,
    grantId: 'grant',
    baseGeneration: 1,
    startedAt: 1,
    expiresIn: 1,
    refreshTokenExpiresIn: null,
    scopes: null,
    resource: null,
    tokens: { accessToken: new Secret('a'.repeat(size)), refreshToken: new Secret(`r${attempt}`) },
  }
}

const given = (recent: { all(): Answer[] }) =>
  recent.all().map(({ attempt, tokens }) => [attempt, tokens.refreshToken?.reveal()])

it('answers of one second are encrypted together, and given out in order', () => {
  const { recent, seal } = scene()
  for (const attempt of ['1', '2']) recent.add(answer(attempt))
  vi.advanceTimersByTime(1_000)
  recent.add(answer('3'))
  expect(seal).toHaveBeenCalledTimes(1)
  expect(given(recent)).toEqual([
    ['1', 'r1'],
    ['2', 'r2'],
    ['3', 'r3'],
  ])
})

it('no more than 64 answers are in clear', () => {
  const { recent, seal } = scene()
  for (let i = 0; i < 64; i++) recent.add(answer(String(i)))
  expect(seal).toHaveBeenCalledTimes(1)
  recent.add(answer('64'))
  expect(recent.all()).toHaveLength(65)
})

it('answers are forgotten after 5 min', () => {
  const { recent } = scene()
  recent.add(answer('1'))
  vi.advanceTimersByTime(5 * 60_000)
  recent.add(answer('2'))
  vi.advanceTimersByTime(1_000)
  expect(given(recent)).toEqual([['2', 'r2']])
})

it('beyond the limit in bytes the oldest are dropped', () => {
  const { recent } = scene()
  for (const attempt of ['1', '2', '3']) {
    recent.add(answer(attempt, 10_000_000))
    vi.advanceTimersByTime(1_000)
  }
  expect(given(recent)).toEqual([
    ['2', 'r2'],
    ['3', 'r3'],
  ])
})
