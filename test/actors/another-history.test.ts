import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { keysOf, partitionOf, type Ref } from '../../src/redis/keys.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'
import { getToken, inAnHour, putTestAccount } from '../support/test-account.ts'

const engines = useEngines()
const partitions = 4

/** Restores an older copy of a record, as a failover to a replica without the last saves does. */
async function startRewindable(ref: Ref) {
  const provider = scriptedProvider()
  const { natsUrl, redisUrl } = engines
  const node = await startTestNode({ natsUrl, redisUrl, partitions, refreshToken: provider.refreshToken })
  const redis = new Redis(redisUrl)
  const key = keysOf(partitionOf(ref.id, partitions)).record(ref)
  return {
    node,
    provider,
    remember: () => redis.dumpBuffer(key),
    rewind: (dump: Buffer | null) => redis.restore(key, 0, dump as Buffer, 'REPLACE'),
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      redis.disconnect()
    },
  }
}

const putGrant = (node: TestNode, refreshToken: string, accessToken: string) =>
  node.tokenbus.putAccount('alice', {
    app: 'app',
    user: 'someone',
    policy: 'lazy',
    refreshToken: new Secret(refreshToken),
    accessToken: new Secret(accessToken),
    expires: inAnHour(),
  })

describe('two histories that reach the same version', () => {
  it('a token response of the lost history does not overwrite the newer grant of the other', async () => {
    await using scene = await startRewindable({ kind: 'account', id: 'alice' })
    const { node, provider } = scene
    await putTestAccount(node, 'alice')
    const before = await scene.remember()
    const forced = getToken(node, 'alice', { forceRefresh: true })
    await provider.asked()
    const lost = await node.host.accounts.load('alice')
    await scene.rewind(before)
    await putGrant(node, 'r2', 'a2')
    expect((await node.host.accounts.load('alice')).record.version).toBe(lost.record.version)
    provider.answer(answered({ accessToken: 'late', refreshToken: 'late', expiresIn: 3_600 }))
    await forced
    await node.host.attempts.drained()
    node.host.cache.clear()
    expect(await getToken(node, 'alice')).toMatchObject({ accessToken: 'a2' })
  })

  it('an app’s settings are read from the stored history', async () => {
    await using scene = await startRewindable({ kind: 'app', id: 'app' })
    const { node } = scene
    const put = (clientId: string) => node.tokenbus.putApp('app', { ...sandboxApp, clientId })
    await put('first')
    const before = await scene.remember()
    await put('lost')
    expect((await node.host.apps.look('app')).config?.clientId).toBe('lost')
    await scene.rewind(before)
    await using other = await startTestNode({
      ...engines,
      partitions,
      refreshToken: scene.provider.refreshToken,
    })
    await other.tokenbus.putApp('app', { ...sandboxApp, clientId: 'stored' })
    expect((await node.host.apps.look('app')).config?.clientId).toBe('stored')
  })
})
