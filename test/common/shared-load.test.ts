import { expect, it } from 'vitest'
import { createSharedLoad } from '../../src/common/shared-load.ts'

it('3,000 concurrent callers cause two loads: one in flight, and one shared by all others', async () => {
  let loads = 0
  const load = createSharedLoad(async () => ++loads)
  const found = await Promise.all(Array.from({ length: 3_000 }, () => load('alice')))
  expect(found[0]).toBe(1)
  expect(new Set(found.slice(1))).toEqual(new Set([2]))
  expect(await load('alice')).toBe(3)
})

it('a failed load rejects for all who share it, and the next call loads again', async () => {
  let loads = 0
  const load = createSharedLoad(async () => {
    if (++loads === 1) throw new Error('away')
    return loads
  })
  const [first, second, third] = await Promise.allSettled([load('a'), load('a'), load('a')])
  expect([first?.status, second, third]).toEqual([
    'rejected',
    { status: 'fulfilled', value: 2 },
    { status: 'fulfilled', value: 2 },
  ])
})
