import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { unobserved } from '../../src/common/observer.ts'
import { Secret } from '../../src/common/secret.ts'
import { realTimers } from '../../src/common/timers.ts'
import { fail } from '../../src/contract/failures.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { createTokenReads } from '../../src/tokens/read.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode } from '../support/node.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'
import { getToken, putTestAccount } from '../support/test-account.ts'

const engines = useEngines()
let count = 0

/** Each test has its own database. */
async function startNode() {
  const provider = scriptedProvider()
  const redisUrl = `${engines.redisUrl}/${++count}`
  const { refreshToken } = provider
  return {
    provider,
    redisUrl,
    node: await startTestNode({ natsUrl: engines.natsUrl, redisUrl, refreshToken }),
  }
}

const stateOf = async ({ node }: Awaited<ReturnType<typeof startNode>>, account: string) => {
  const view = await node.tokenbus.getAccount(account)
  return view.ok ? view.value.state : view.failure.error
}

describe('while a request is in flight', () => {
  it('replacing the secret it used makes its refusal no evidence, and the new secret is tried at once', async () => {
    const { node, provider } = await startNode()
    await using _ = node
    await putTestAccount(node, 'alice', { rotation: 'none' })
    const forced = getToken(node, 'alice', { forceRefresh: true })
    await provider.asked()
    await node.tokenbus.addSecret('app', { id: 'new', secret: new Secret('new-secret') })
    provider.answer(refused({ class: 'P', reason: 'client_rejected', error: 'invalid_client' }))
    await provider.asked(2)
    expect(provider.requests[1]?.clientSecret?.reveal()).toBe('new-secret')
    provider.answer(answered({ accessToken: 'a2', expiresIn: 3_600 }))
    expect(await forced).toMatchObject({ accessToken: 'a2' })
    expect(await node.tokenbus.getApp('app')).toMatchObject({ value: { state: 'healthy' } })
  })

  it('deleting and putting its account again cancels an unsent request, and drops a response', async () => {
    const { node, provider } = await startNode()
    await using _ = node
    await putTestAccount(node, 'alice')
    const forced = getToken(node, 'alice', { forceRefresh: true })
    await provider.asked()
    expect(provider.requests[0]?.timing.stillWanted?.()).toBe(true)
    await node.tokenbus.deleteAccount('alice', {})
    expect(provider.requests[0]?.timing.stillWanted?.()).toBe(false)
    await putTestAccount(node, 'alice')
    provider.answer(answered({ accessToken: 'late', refreshToken: 'late', expiresIn: 3_600 }))
    await forced
    await node.host.attempts.drained()
    expect(await getToken(node, 'alice')).toMatchObject({ accessToken: 'a1', generation: 2 })
  })

  it('a caller that still reads the earlier state is woken when it ends', async () => {
    const started = await startNode()
    const { node, provider } = started
    await using _ = node
    await putTestAccount(node, 'alice', { fresh: false })
    await provider.asked()
    const { host } = node
    let hasRead = false
    let goOn = () => {}
    const held = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const reads = createTokenReads({
      ...host,
      clock: node.clock,
      exchange: async () => fail('bad_request', 'not here'),
      refreshEarly: async () => null,
      accounts: {
        ...host.accounts,
        async load(...args) {
          const loaded = await host.accounts.load(...args)
          hasRead = true
          await held
          return loaded
        },
      },
      // Without the periodic reload that recovers a lost wake-up.
      waiting: {
        ...host.waiting,
        register(account) {
          const waiter = host.waiting.register(account)
          return { ...waiter, next: () => waiter.next(60_000) }
        },
      },
      timers: realTimers,
      observer: unobserved,
    })
    const asked = reads.get('alice', {})
    await eventually(() => expect(hasRead).toBe(true))
    provider.answer(answered({ accessToken: 'a2', expiresIn: 3_600 }))
    await eventually(async () => expect(await stateOf(started, 'alice')).toBe('valid'))
    goOn()
    expect(await asked).toMatchObject({ ok: true })
  })
})

describe('a token response without expires_in', () => {
  it('is stored with the default lifetime, including its refresh token', async () => {
    const { node, provider } = await startNode()
    await using _ = node
    await putTestAccount(node, 'alice')
    for (const [token, spent] of [
      ['2', 'r1'],
      ['3', 'r2'],
    ] as const) {
      const forced = getToken(node, 'alice', { forceRefresh: true })
      await provider.asked(Number(token) - 1)
      expect(provider.requests.at(-1)?.refreshToken?.reveal()).toBe(spent)
      provider.answer(answered({ accessToken: `a${token}`, refreshToken: `r${token}` }))
      const { expires, accessToken } = await forced
      expect(accessToken).toBe(`a${token}`)
      expect(Date.parse(String(expires)) - Date.now()).toBeGreaterThan(3_500_000)
    }
  })
})

describe('a request for a longer minValidity than any token has', () => {
  it('is answered with the current token, without a request to the provider', async () => {
    const { node, provider } = await startNode()
    await using _ = node
    await putTestAccount(node, 'alice')
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => getToken(node, 'alice', { minValidity: 7_200 + i })),
    )
    for (const reply of replies) expect(reply).toMatchObject({ accessToken: 'a1' })
    expect(provider.requests).toEqual([])
  })
})

describe('a wake-up that is too early', () => {
  it('changes nothing, and is rescheduled to the account’s wakeAt', async () => {
    const { node, redisUrl } = await startNode()
    await using _ = node
    await putTestAccount(node, 'alice')
    const client = new Redis(redisUrl)
    const { due } = keysOf(partitionOf('alice', 4))
    const wanted = await client.zscore(due, 'account:alice')
    await client.zadd(due, 1, 'account:alice')
    await eventually(async () => expect(await client.zscore(due, 'account:alice')).toBe(wanted))
    client.disconnect()
  })
})
