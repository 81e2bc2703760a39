import { Redis } from 'ioredis'
import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { createClockKeeper } from '../../src/common/clock-keeper.ts'
import { createClusterClock, maxClockSkew } from '../../src/common/cluster-clock.ts'
import { Secret } from '../../src/common/secret.ts'
import { highestTime } from '../../src/redis/highest-time.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'

const minute = 60_000
const tenMinutes = 10 * minute

function manualClock() {
  const time = { elapsed: 0, wall: 1_000_000 }
  const clock = createClusterClock({ elapsed: () => time.elapsed, wallClock: () => time.wall })
  return { time, clock }
}

describe("the cluster's time", () => {
  it("is Redis' time from the first observation, whatever this machine's clock says", () => {
    const { clock } = manualClock()
    clock.observe(400_000)
    expect(clock.now()).toBe(400_000)
    expect(clock.ahead()).toBe(-600_000)
  })

  it("does not run backward when Redis' clock is set back, and follows it forward", () => {
    const { clock, time } = manualClock()
    clock.observe(1_000_000)
    time.elapsed = minute
    clock.observe(1_000_000 + minute - tenMinutes)
    expect(clock.now()).toBe(1_000_000 + minute)
    expect(clock.ahead()).toBe(tenMinutes)
    clock.observe(1_000_000 + tenMinutes)
    expect(clock.now()).toBe(1_000_000 + tenMinutes)
  })

  it("tokens expire by this machine's clock if that is over a minute ahead", () => {
    const { clock, time } = manualClock()
    clock.observe(time.wall - maxClockSkew)
    expect(clock.expiryTime()).toBe(clock.now())
    time.wall += 1
    expect(clock.expiryTime()).toBe(time.wall)
    expect(clock.now()).toBe(time.wall - maxClockSkew - 1)
  })
})

const engines = useEngines()

it('with a local clock 10 minutes ahead, tokens expired by it are refreshed before they are served', async () => {
  const provider = scriptedProvider()
  const { refreshToken } = provider
  await using node = await startTestNode({ ...engines, refreshToken, ownClockAhead: tenMinutes })
  await node.tokenbus.putApp('ahead', sandboxApp)
  await node.tokenbus.putAccount('expired-by-one', {
    app: 'ahead',
    user: 'someone',
    policy: 'lazy',
    refreshToken: new Secret('r1'),
    accessToken: new Secret('old'),
    expires: new Date(Date.now() + 5 * minute).toISOString(),
  })
  // Far enough into its life to be replaced, and not expired by the cluster's time.
  node.clock.observe(Date.now() + 2 * minute)
  const asked = node.tokenbus.getToken('expired-by-one', {})
  await provider.asked()
  provider.answer(answered({ accessToken: 'new', expiresIn: 3_600 }))
  const reply = await asked
  expect(reply.ok && JSON.parse(new TextDecoder().decode(reply.value)).accessToken).toBe('new')
})

it('a node that starts after Redis’ clock was set back uses the latest time any node has seen', async () => {
  const redis = new Redis(engines.redisUrl)
  const seen = Date.now() + tenMinutes
  expect(await highestTime(redis, seen)).toMatchObject({ highest: seen })
  const { clock } = manualClock()
  const logger = pino({ level: 'silent' })
  const error = vi.spyOn(logger, 'error')
  const timers = { poll: () => ({ stop: async () => undefined }) }
  await createClockKeeper({ clock, timers, logger, highestTime: (at) => highestTime(redis, at) }).start()
  expect(clock.now()).toBe(seen)
  expect(error).toHaveBeenCalledOnce()
  await redis.hdel('tb:meta', 'time')
  redis.disconnect()
})

it("with Redis' clock 10 minutes behind, no expired token is served and due accounts are refreshed", async () => {
  const provider = scriptedProvider()
  await using node = await startTestNode({ ...engines, refreshToken: provider.refreshToken })
  // What a node knows once Redis' clock was set back: as seen from it, Redis lives ten minutes ago.
  node.clock.observe(Date.now() + tenMinutes)
  const put = { app: 'app', user: 'someone', policy: 'eager' } as const
  await node.tokenbus.putApp('app', { ...sandboxApp })
  const expires = new Date(Date.now() + 5 * minute).toISOString()
  const tokens = { accessToken: new Secret('expired'), refreshToken: new Secret('r1'), expires }
  await node.tokenbus.putAccount('late', { ...put, ...tokens })
  const reply = node.tokenbus.getToken('late', {})
  await provider.asked()
  provider.answer(answered({ accessToken: 'fresh', refreshToken: 'r2', expiresIn: 3_600 }))
  const answer = await reply
  expect(answer.ok && JSON.parse(new TextDecoder().decode(answer.value)).accessToken).toBe('fresh')
  // Nobody asks: it is the waker that finds it due.
  await node.tokenbus.putAccount('resting', { ...put, refreshToken: new Secret('r of resting') })
  await eventually(() => expect(provider.requests).toHaveLength(2))
  provider.answer(answered({ accessToken: 'a', refreshToken: 'r', expiresIn: 3_600 }))
})
