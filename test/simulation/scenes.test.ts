import { describe, expect, it } from 'vitest'
import { setStage } from './stage.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const rotations = ['none', 'keeps-old', 'grace', 'until-used', 'strict'] as const

describe('a token response while Redis is unreachable', () => {
  const cases = rotations.flatMap((rotation) => [20, 60].map((away) => [rotation, away] as const))
  it.each(cases)('is stored before any node sends its %s token again, after %i s', async (rotation, away) => {
    for (let seed = 1; seed <= 8; seed++) {
      const stage = await setStage({ seed })
      const { redis, provider, world } = stage
      provider.onSend(() => world.after(1, redis.stop))
      provider.mood.slowest = 2_000
      await stage.connect('alice', { rotation })
      await stage.pass(away * second)
      // The node with the response, and the one that would send again, reconnect to Redis at the same time.
      redis.start()
      await stage.pass(30 * second)
      expect(await stage.get(1, 'alice')).toMatchObject({ generation: 2 })
      expect(stage.sendings('alice')).toHaveLength(1)
    }
  })
})

describe('clocks 60 s apart', () => {
  it('refresh each token once within its window, and serve none that has expired', async () => {
    const life = 3 * minute
    const stage = await setStage({ clocks: [minute, -minute], life })
    await stage.connect('alice')
    await stage.connect('bob', { node: 1 })
    const until = stage.world.now() + 2 * hour
    for (let turn = 0; stage.world.now() < until; turn++) {
      await stage.pass(7 * second)
      for (const account of ['alice', 'bob']) {
        const reply = await stage.get(turn % 2, account)
        const token = 'accessToken' in reply ? stage.provider.accessToken(reply.accessToken) : undefined
        expect(token?.expiresAt).toBeGreaterThan(stage.world.now())
      }
    }
    for (const account of ['alice', 'bob']) {
      const sent = stage.sendings(account)
      expect(sent.map(({ number }) => number)).toEqual(sent.map((_, i) => i))
      const gaps = sent.slice(1).map(({ sentAt }, i) => sentAt - (sent[i]?.sentAt ?? 0))
      expect(Math.min(...gaps)).toBeGreaterThan(0.74 * life)
      expect(Math.max(...gaps)).toBeLessThan(0.95 * life)
    }
  })
})

describe('NATS unreachable for longer than its duplicate window', () => {
  it('does not store an event again whose ack was lost', async () => {
    const stage = await setStage()
    const { nats, nodes, published } = stage
    await stage.connect('alice', { fresh: true })
    await stage.pass(5 * second)
    for (const { machine } of nodes) nats.loseAcks(machine, 1)
    await stage.get(0, 'alice', { forceRefresh: true })
    await stage.pass(2 * second)
    for (const { machine } of nodes) nats.loseAcks(machine, 0)
    nats.stop()
    await stage.pass(11 * minute)
    nats.start()
    await stage.pass(10 * second)
    const ids = published.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(stage.transitions('alice')).toEqual([1, 2, 3])
    expect(stage.waiting()).toBe(0)
  })
})

describe('a silently broken NATS connection', () => {
  it('serves from memory for two pings at most, then from Redis', async () => {
    const stage = await setStage()
    const { nats, nodes } = stage
    await stage.connect('alice', { fresh: true })
    await stage.pass(3 * second)
    await stage.get(1, 'alice')
    nats.cut(nodes[1].machine)
    await stage.get(0, 'alice', { forceRefresh: true })
    await stage.pass(11 * second)
    expect(await stage.get(1, 'alice')).toMatchObject({ generation: 2 })
  })
})

describe('a save that its node cannot announce', () => {
  it.each([true, false])('is announced by others within 3 s, with a stream: %s', async (stream) => {
    for (let seed = 1; seed <= 30; seed++) {
      const stage = await setStage({ seed })
      const { nats, nodes } = stage
      await stage.connect('alice', { fresh: true })
      // A slow sweep, so that the other node's sweeps and scans then run at different times.
      nats.cut(nodes[0].machine)
      nats.deliverLate(nodes[1].machine, 700)
      await stage.get(0, 'alice', { forceRefresh: true })
      await stage.pass(15 * second)
      nats.mend(nodes[0].machine)
      nats.deliverLate(nodes[1].machine, 0)
      await stage.pass(15 * second + seed * 37)
      await stage.get(1, 'alice')
      nats.cut(nodes[0].machine)
      nats.setStream(stream)
      await stage.wait(stage.at(0).grantEnded('alice', stage.world.now()))
      await stage.pass(3 * second)
      expect(await stage.get(1, 'alice'), `seed ${seed}`).toMatchObject({ error: 'grant_revoked' })
    }
  })
})

describe('a provider outage of 10 minutes', () => {
  it('loses no grant, causes no burst of requests, and delays no caller', async () => {
    const stage = await setStage({ life: 5 * minute })
    const { provider, world } = stage
    const accounts = Array.from({ length: 40 }, (_, i) => `account-${i}`)
    for (const [i, account] of accounts.entries())
      await stage.connect(account, { rotation: rotations[i % rotations.length] ?? 'none', fresh: true })
    await stage.pass(2 * minute)
    provider.mood.reaches = 'refuses connections'
    const count = { served: 0, refused: 0 }
    for (let i = 0; i < 60; i++) {
      await stage.pass(10 * second)
      const asked = world.now()
      const reply = await stage.get(i % 2, accounts[i % accounts.length] as string)
      if ('accessToken' in reply) count.served++
      else {
        count.refused++
        expect(reply).toMatchObject({ error: 'provider_unavailable', retryAfter: expect.any(Number) })
        expect(world.now() - asked).toBeLessThan(100)
      }
    }
    expect(count.served).toBeGreaterThan(10)
    expect(count.refused).toBeGreaterThan(30)
    provider.mood.reaches = 'answers'
    const back = world.now()
    await stage.pass(6.5 * minute)
    const afterwards = provider.spendings.filter(({ sentAt }) => sentAt >= back)
    const busiest = Math.max(
      ...afterwards.map(
        ({ sentAt }) => afterwards.filter((other) => Math.abs(other.sentAt - sentAt) < 500).length,
      ),
    )
    expect(busiest).toBeLessThan(accounts.length / 2)
    for (const account of accounts) {
      expect(await stage.get(0, account)).toMatchObject({ accessToken: expect.any(String) })
      expect(stage.sendings(account).length).toBeLessThanOrEqual(3)
    }
  })
})
