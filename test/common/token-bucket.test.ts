import { beforeEach, expect, it } from 'vitest'
import { createTokenBuckets, type TokenBuckets } from '../../src/common/token-bucket.ts'

let now: number
let buckets: TokenBuckets
const take = (times: number, limit: { id: string; perSecond: number; burst?: number }) =>
  Array.from({ length: times }, () => buckets.take(limit))

beforeEach(() => {
  now = 0
  buckets = createTokenBuckets({ elapsed: () => now })
})

it('a burst is taken at once, then tokens at the rate; a refusal answers the seconds to wait', () => {
  const limit = { id: 'a', perSecond: 0.1, burst: 3 }
  expect(take(4, limit)).toEqual([0, 0, 0, 10])
  now = 9_000
  expect(buckets.take(limit)).toBe(1)
  now = 10_000
  expect(take(2, limit)).toEqual([0, 10])
})

it('a bucket fills up to its burst, by default one second’s worth', () => {
  const limit = { id: 'a', perSecond: 2 }
  expect(take(3, limit)).toEqual([0, 0, 1])
  now = 60_000
  expect(take(3, limit)).toEqual([0, 0, 1])
})

it('each id has its own bucket', () => {
  expect(take(2, { id: 'a', perSecond: 1 })).toEqual([0, 1])
  expect(buckets.take({ id: 'b', perSecond: 1 })).toBe(0)
})

it('a token that was given back can be taken again', () => {
  const limit = { id: 'a', perSecond: 1 }
  expect(take(2, limit)).toEqual([0, 1])
  buckets.giveBack('a')
  expect(buckets.take(limit)).toBe(0)
})

it('an unlimited rate refuses nothing', () => {
  expect(take(100, { id: 'a', perSecond: Number.POSITIVE_INFINITY })).not.toContain(1)
})
