import { describe, expect, it } from 'vitest'
import { createTokenCache } from '../../src/tokens/cache.ts'

function start() {
  let now = 1_000_000
  const clock = { now: () => now, observe: () => undefined, ahead: () => 0, expiryTime: () => now }
  const cache = createTokenCache({ clock, max: 2 })
  const token = (generation = 1) => ({
    bytes: new Uint8Array([generation]),
    generation,
    expiresAt: now + 100_000,
    servedUntil: now + 70_000,
    filledAt: now,
    app: { enabled: true },
  })
  const fill = (account: string, generation = 1) => cache.endFill(cache.beginFill(account), token(generation))
  return { cache, token, fill, pass: (ms: number) => (now += ms) }
}

describe('the cache of token replies', () => {
  it('answers what was filled, and nothing else', () => {
    const { cache, fill } = start()
    fill('alice', 7)
    expect(cache.read('alice', null)).toEqual(new Uint8Array([7]))
    expect(cache.read('bob', null)).toBeUndefined()
  })

  it('keeps as many entries as fit into its bytes, least recently used evicted first', () => {
    const clock = { now: () => 0, observe: () => undefined, ahead: () => 0, expiryTime: () => 0 }
    const cache = createTokenCache({ clock, megabytes: 1 })
    const bytes = new Uint8Array(16_384)
    const token = {
      bytes,
      generation: 1,
      expiresAt: 1_000,
      servedUntil: 1_000,
      filledAt: 0,
      app: { enabled: true },
    }
    for (let i = 0; i < 100; i++) cache.endFill(cache.beginFill(`${i}`), token)
    const kept = Array.from({ length: 100 }, (_, i) => cache.read(`${i}`, null)).filter((each) => each)
    expect(kept.length).toBeGreaterThan(20)
    expect(kept.length).toBeLessThan(29)
    expect(cache.read('99', null)).toBeDefined()
    for (let i = 0; i < 100; i++) cache.endFill(cache.beginFill('many'), token, `${i}`)
    expect(cache.read('99', null)).toBeDefined()
  })

  it('serves the default until the effective minimum validity, and a small minValidity until the expiry', () => {
    const { cache, fill, pass } = start()
    fill('alice')
    pass(55_000)
    fill('alice')
    pass(59_000)
    expect(cache.read('alice', 41_000)).toBeDefined()
    expect(cache.read('alice', 42_000)).toBeUndefined()
    pass(12_000)
    expect(cache.read('alice', null)).toBeUndefined()
    expect(cache.readUnchecked('alice', 0)).toBeDefined()
    pass(29_000)
    expect(cache.readUnchecked('alice', 0)).toBeUndefined()
  })

  it('requires a check against Redis after 60 s', () => {
    const { cache, fill, pass } = start()
    fill('alice')
    pass(60_000)
    expect(cache.read('alice', null)).toBeDefined()
    pass(1)
    expect(cache.read('alice', null)).toBeUndefined()
    expect(cache.readUnchecked('alice', null)).toBeDefined()
  })

  it('marks an in-flight fill stale on an invalidation, since it may have read the older token', () => {
    const { cache, token } = start()
    const fill = cache.beginFill('alice')
    const read = token(1)
    cache.drop('alice')
    cache.endFill(fill, read)
    expect(cache.read('alice', null)).toBeUndefined()
  })

  it('does not mark a later fill stale, nor one of another account', () => {
    const { cache, fill } = start()
    const other = cache.beginFill('bob')
    cache.drop('alice')
    fill('alice')
    cache.endFill(other, { ...start().token(3) })
    expect(cache.read('alice', null)).toBeDefined()
    expect(cache.read('bob', null)).toEqual(new Uint8Array([3]))
  })

  it('is neither read nor filled while NATS is disconnected; then starts empty, unfilled for a second', () => {
    const { cache, fill, token, pass } = start()
    fill('alice')
    const early = cache.beginFill('bob')
    cache.suspend()
    expect(cache.read('alice', null)).toBeUndefined()
    expect(cache.readUnchecked('alice', null)).toBeUndefined()
    fill('alice')
    cache.resume()
    cache.endFill(early, token())
    expect(cache.read('alice', null)).toBeUndefined()
    expect(cache.read('bob', null)).toBeUndefined()
    pass(999)
    fill('alice')
    expect(cache.read('alice', null)).toBeUndefined()
    pass(1)
    fill('alice')
    expect(cache.read('alice', null)).toBeDefined()
  })

  it('keeps at most max entries', () => {
    const { cache, fill } = start()
    for (const account of ['a', 'b', 'c']) fill(account)
    expect(cache.read('a', null)).toBeUndefined()
    expect(cache.read('c', null)).toBeDefined()
  })
})
