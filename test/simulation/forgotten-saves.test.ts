import { describe, expect, it } from 'vitest'
import { type Stage, setStage } from './stage.ts'

const second = 1_000

async function failOver({ redis, pass }: Stage): Promise<void> {
  redis.stop()
  redis.failOver()
  await pass(second)
  redis.setReplicating(true)
  redis.start()
}

describe('a Redis that lost its last saves', () => {
  it('and reached the same version by a newer grant keeps that grant when a response arrives', async () => {
    const stage = await setStage()
    const { redis, provider } = stage
    await stage.connect('alice', { fresh: true })
    await stage.pass(5 * second)
    redis.dropReplica()
    provider.mood.slowest = 10 * second
    const forced = stage.at(0).getToken('alice', { forceRefresh: true })
    forced.catch(() => undefined)
    while (provider.spendings.length === 0) await stage.pass(10)
    await failOver(stage)
    await stage.pass(2 * second)
    const newer = await stage.putGrant('alice', { fresh: true, node: 1 })
    expect(provider.spendings[0]?.heard).toBeNull()
    await stage.pass(60 * second)
    for (const node of [0, 1]) {
      const reply = await stage.get(node, 'alice')
      if (!('accessToken' in reply)) throw new Error(reply.error)
      expect(provider.accessToken(reply.accessToken)?.grant).toBe(newer)
    }
    expect(provider.spendings[0]?.heard).toBe('tokens')
  })

  it('does not lose an intent, because nothing is sent before a replica has it', async () => {
    const stage = await setStage()
    const { redis, nodes } = stage
    const grant = await stage.connect('alice', { fresh: true })
    await stage.pass(5 * second)
    redis.setReplicating(false)
    stage
      .at(0)
      .getToken('alice', { forceRefresh: true })
      .catch(() => undefined)
    await stage.pass(3 * second)
    expect(stage.sendings('alice')).toEqual([])
    nodes[0].crash()
    await failOver(stage)
    await stage.pass(30 * second)
    expect(await stage.get(1, 'alice', { forceRefresh: true })).toMatchObject({ generation: 2 })
    expect(grant.endedBy).toBeNull()
  })

  it('gets the stored responses delivered again', async () => {
    const stage = await setStage()
    const { redis, provider, world } = stage
    const grant = await stage.connect('alice', { fresh: true })
    await stage.pass(5 * second)
    provider.onSend(() => world.after(1, () => redis.setReplicating(false)))
    expect(await stage.get(0, 'alice', { forceRefresh: true })).toMatchObject({ generation: 2 })
    await failOver(stage)
    await stage.pass(120 * second)
    expect(await stage.get(1, 'alice')).toMatchObject({ generation: 2 })
    expect(stage.sendings('alice')).toHaveLength(1)
    expect(grant.endedBy).toBeNull()
  })
})
