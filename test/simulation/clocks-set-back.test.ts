import { expect, it } from 'vitest'
import { setStage } from './stage.ts'

const minute = 60_000
const hour = 60 * minute

it('a node that starts after its clock and that of Redis were set back serves no expired token', async () => {
  const stage = await setStage({ clocks: [0, -hour], life: 3 * minute })
  const { redis, provider, nodes } = stage
  await stage.connect('alice', { policy: 'lazy', fresh: true })
  provider.mood.reaches = 'refuses connections'
  await stage.pass(5 * minute)
  for (const node of nodes) node.crash()
  redis.stepClock(-hour)
  nodes[1].start()
  await stage.pass(10_000)
  expect(await stage.get(1, 'alice')).toMatchObject({ error: 'provider_unavailable' })
})

it('with a slow Redis clock, tokens expire by the clock of the node', async () => {
  const stage = await setStage({ life: 10 * minute, redisClock: -hour })
  await stage.connect('alice', { policy: 'lazy', fresh: true })
  expect(await stage.get(0, 'alice')).toHaveProperty('accessToken')
  stage.provider.mood.reaches = 'refuses connections'
  await stage.pass(15 * minute)
  expect(await stage.get(0, 'alice')).toHaveProperty('error')
})
