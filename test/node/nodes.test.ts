import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
const tokenOf = (
  reply: Awaited<ReturnType<Awaited<ReturnType<typeof startTestNode>>['tokenbus']['getToken']>>,
) => (reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)).accessToken : reply.failure.error)

describe('several nodes', () => {
  it('refresh an account once for all, and none serves the old token from memory afterwards', async () => {
    const provider = scriptedProvider()
    const shared = { ...engines, refreshToken: provider.refreshToken }
    await using one = await startTestNode(shared)
    await using two = await startTestNode(shared)
    await one.tokenbus.putApp('app', { ...sandboxApp })
    await one.tokenbus.putAccount('shared', {
      app: 'app',
      user: 'someone',
      accessToken: new Secret('first'),
      refreshToken: new Secret('r1'),
      expires: inAnHour(),
    })
    await eventually(async () => {
      expect(tokenOf(await two.tokenbus.getToken('shared', {}))).toBe('first')
      expect(two.host.cache.read('shared', null)).toBeDefined()
    })
    const forced = [one, two].map((node) =>
      node.tokenbus.getToken('shared', { forceRefresh: true, ifGeneration: 1 }),
    )
    await provider.asked()
    provider.answer(answered({ accessToken: 'second', refreshToken: 'r2', expiresIn: 3600 }))
    expect((await Promise.all(forced)).map(tokenOf)).toEqual(['second', 'second'])
    expect(provider.requests).toHaveLength(1)
    for (const node of [one, two]) {
      await eventually(async () => expect(tokenOf(await node.tokenbus.getToken('shared', {}))).toBe('second'))
    }
  })

  it('start exactly one refresh for 50 concurrent forced requests', async () => {
    const provider = scriptedProvider()
    const shared = { ...engines, refreshToken: provider.refreshToken }
    await using one = await startTestNode(shared)
    await using two = await startTestNode(shared)
    await using three = await startTestNode(shared)
    await one.tokenbus.putApp('racing', { ...sandboxApp })
    await one.tokenbus.putAccount('raced', { app: 'racing', user: 'someone', refreshToken: new Secret('r1') })
    const replies = Array.from({ length: 51 }, (_, i) =>
      ([one, two, three][i % 3] as typeof one).tokenbus.getToken('raced', { minValidity: i }),
    )
    await provider.asked()
    provider.answer(answered({ accessToken: 'only', refreshToken: 'r2', expiresIn: 3600 }))
    expect(new Set((await Promise.all(replies)).map(tokenOf))).toEqual(new Set(['only']))
    expect(provider.requests).toHaveLength(1)
  })
})
