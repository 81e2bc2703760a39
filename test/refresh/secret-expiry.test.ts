import pLimit from 'p-limit'
import { afterAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { createProvider } from '../../src/provider/provider.ts'
import { type CountingProvider, startCountingProvider } from '../support/counting-provider.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'

const engines = useEngines()
const http = createProvider({ allowPrivate: true })

afterAll(async () => {
  await http.close()
})

let database = 0
/** Three nodes and an app with so many accounts, each due at once; nothing happens before `wake`. */
async function startHerd({ accounts, concurrency }: { accounts: number; concurrency?: number }) {
  const provider = await startCountingProvider()
  const shared = {
    natsUrl: engines.natsUrl,
    redisUrl: `${engines.redisUrl}/${++database}`,
    refreshToken: http.refreshToken,
    partitions: 16,
    waker: false,
  }
  const nodes: TestNode[] = []
  for (let i = 0; i < 3; i++) nodes.push(await startTestNode(shared))
  const [{ tokenbus, storage }] = nodes as [TestNode]
  await tokenbus.putApp('herd', {
    provider: 'oidc',
    clientId: 'client',
    clientSecret: new Secret('old'),
    tokenUrl: provider.tokenUrl,
    ...(concurrency !== undefined && { concurrency }),
  })
  const names = Array.from({ length: accounts }, (_, i) => `herd-${database}-${i}`)
  const limit = pLimit(32)
  const put = (name: string) =>
    tokenbus.putAccount(name, {
      app: 'herd',
      user: name,
      refreshToken: new Secret(provider.grant(name)),
      policy: 'eager',
    })
  await Promise.all(names.map((name) => limit(put, name)))
  return {
    provider,
    tokenbus,
    wake: () => nodes.map(({ host }) => host.waker.start()),
    allAre: (state: string) =>
      eventually(
        async () => expect(await storage.records.countByState()).toMatchObject({ [state]: accounts }),
        { every: 100 },
      ),
    appState: async () => {
      const app = await tokenbus.getApp('herd')
      return app.ok && app.value.state
    },
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
    },
  }
}

function tokensEach({ calls }: CountingProvider): number[] {
  const counts = new Map<string, number>()
  for (const { account, outcome } of calls)
    if (outcome === 'tokens') counts.set(account, (counts.get(account) ?? 0) + 1)
  return [...counts.values()]
}

const patience = 300_000

describe('accounts that are due at the same time on three nodes', () => {
  it('a thousand with an expired secret cost three requests beyond those in flight, and all recover with a new one', {
    timeout: patience,
  }, async () => {
    await using herd = await startHerd({ accounts: 1_000 })
    const { provider, tokenbus } = herd
    // Everything sent before the first response is then at the provider, and counts as in flight.
    provider.behave({ latency: 4_000 })
    herd.wake()
    await herd.allAre('secret-expired')
    expect(await herd.appState()).toBe('secret-expired')
    expect(provider.afterFirstRefusal()).toBeLessThanOrEqual(3)

    const before = provider.calls.length
    provider.behave({ latency: 20 })
    provider.secrets.add('new')
    await tokenbus.addSecret('herd', { secret: new Secret('new') })
    await herd.allAre('valid')
    expect(await herd.appState()).toBe('healthy')
    expect(provider.ofAccounts(provider.calls.slice(before))).toHaveLength(1_000)
    expect(tokensEach(provider)).toEqual(Array(1_000).fill(1))
    expect(provider.ended.size).toBe(0)
  })

  it('stay within the concurrency limit of their app, and none is late', {
    timeout: patience,
  }, async () => {
    await using herd = await startHerd({ accounts: 300, concurrency: 8 })
    const { provider } = herd
    provider.secrets.add('old')
    provider.behave({ latency: 50 })
    herd.wake()
    await herd.allAre('valid')
    expect(Math.max(...provider.calls.map(({ atOnce }) => atOnce))).toBeLessThanOrEqual(3 * 8)
    expect(tokensEach(provider)).toEqual(Array(300).fill(1))
    expect(provider.ofAccounts()).toHaveLength(300)
  })
})
