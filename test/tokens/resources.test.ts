import { connect } from 'nats'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()

const graph = ['https://graph.example.com/Calendars.Read', 'https://graph.example.com/Files.Read']
const second = { accessToken: 'for graph', refreshToken: 'r2', expiresIn: 3600 }
let count = 0

/** Two nodes, and one account with its own token. */
async function start() {
  const provider = scriptedProvider()
  const account = `resources-${++count}`
  const { refreshToken } = provider
  const shared = { natsUrl: engines.natsUrl, redisUrl: `${engines.redisUrl}/${count}`, refreshToken }
  const nodes = [await startTestNode(shared), await startTestNode(shared)] as const
  const { tokenbus } = nodes[0]
  await tokenbus.putApp('app', { ...sandboxApp })
  await tokenbus.putAccount(account, {
    app: 'app',
    user: 'someone',
    accessToken: new Secret('own'),
    refreshToken: new Secret('r1'),
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    scopes: ['mail'],
  })
  const read = async (asked: ReturnType<typeof tokenbus.getToken>) => {
    const reply = await asked
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
  }
  return {
    provider,
    account,
    get: (want: Parameters<typeof tokenbus.getToken>[1], node: 0 | 1 = 0) =>
      read(nodes[node].tokenbus.getToken(account, want)),
    reject: (report: Parameters<typeof tokenbus.rejectToken>[1]) =>
      read(tokenbus.rejectToken(account, report)),
    state: async () => {
      const view = await tokenbus.getAccount(account)
      return view.ok ? view.value.state : view.failure.error
    },
    /** Requests the token, and answers for the provider. */
    async fetch(answer: Parameters<typeof provider.answer>[0]) {
      const before = provider.requests.length
      const asked = read(tokenbus.getToken(account, { scopes: graph }))
      await provider.asked(before + 1)
      provider.answer(answer)
      return asked
    },
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]()
    },
  }
}

describe('a second token for another resource', () => {
  it('is requested from the provider once for concurrent callers on all nodes, and then served from memory', async () => {
    await using cluster = await start()
    const { provider, account, get } = cluster
    const bus = await connect({ servers: engines.natsUrl })
    const heard: object[] = []
    bus.subscribe(`token.refreshed.${account}`, { callback: (_, message) => heard.push(message.json()) })
    await bus.flush()
    const asked = Promise.all([
      get({ scopes: graph }),
      get({ scopes: graph.toReversed() }),
      get({ scopes: graph }, 1),
      get({ scopes: graph, minValidity: 10 }, 1),
    ])
    await provider.asked()
    expect(await get({})).toMatchObject({ accessToken: 'own', generation: 1 })
    provider.answer(answered(second))
    for (const reply of await asked)
      expect(reply).toMatchObject({ accessToken: 'for graph', registeredScopes: graph, generation: 2 })
    for (const node of [0, 1] as const) {
      expect(await get({ scopes: graph }, node)).toMatchObject({ accessToken: 'for graph', generation: 2 })
      expect(await get({}, node)).toMatchObject({
        accessToken: 'own',
        registeredScopes: ['mail'],
        generation: 1,
      })
    }
    expect(provider.requests.map(({ scopes }) => scopes)).toEqual([graph])
    await eventually(() => expect(heard.at(-1)).toMatchObject({ generation: 2, registeredScopes: graph }))
    await bus.close()
  })

  it('stores the new refresh token that came with it for the next refresh', async () => {
    await using cluster = await start()
    const { provider, get } = cluster
    await cluster.fetch(answered(second))
    const forced = get({ forceRefresh: true })
    await provider.asked(2)
    provider.answer(answered({ accessToken: 'own again', refreshToken: 'r3', expiresIn: 3600 }))
    expect(await forced).toMatchObject({ accessToken: 'own again', generation: 3 })
    const more = get({ scopes: ['other'] })
    await provider.asked(3)
    provider.answer(answered({ accessToken: 'other', expiresIn: 3600 }))
    expect(await more).toMatchObject({ accessToken: 'other' })
    expect(await get({ scopes: graph })).toMatchObject({ accessToken: 'for graph', generation: 2 })
    const spent = provider.requests.map(({ refreshToken, scopes }) => [refreshToken?.reveal(), scopes])
    expect(spent).toEqual([
      ['r1', graph],
      ['r2', undefined],
      ['r3', ['other']],
    ])
  })

  it('is replaced alone when an API rejects it, by its own generation', async () => {
    await using cluster = await start()
    const { provider, get, reject } = cluster
    await cluster.fetch(answered(second))
    const replaced = reject({ generation: 2, scopes: graph })
    await provider.asked(2)
    expect(await get({})).toMatchObject({ accessToken: 'own' })
    provider.answer(answered({ accessToken: 'for graph again', expiresIn: 3600 }))
    expect(await replaced).toMatchObject({ accessToken: 'for graph again', generation: 3 })
    expect(await reject({ generation: 2, scopes: graph })).toMatchObject({ generation: 3 })
    expect(provider.requests).toHaveLength(2)
  })
})

describe('a resource that the provider refuses', () => {
  it('is 422, cached for a while, and leaves the account unchanged', async () => {
    await using cluster = await start()
    const { provider, get, state } = cluster
    const no = refused({ class: 'C', reason: 'scope_rejected', action: 'fix the scopes of the app' })
    expect(await cluster.fetch(no)).toMatchObject({ error: 'invalid_config', reason: 'scope_rejected' })
    expect(await get({ scopes: graph })).toMatchObject({ error: 'invalid_config' })
    expect(await state()).toBe('valid')
    expect(await get({})).toMatchObject({ accessToken: 'own' })
    expect(provider.requests).toHaveLength(1)
  })

  it.each([
    ['succeeds', answered({ accessToken: 'own again', expiresIn: 3600 }), 'invalid_config', 'valid'],
    ['fails', refused({ class: 'A', reason: 'inactive' }), 'grant_revoked', 'revoked'],
  ])('for lack of consent makes the grant itself be refreshed, which %s', async (_, grant, error, after) => {
    await using cluster = await start()
    const { provider, state } = cluster
    const asked = cluster.fetch(refused({ class: 'A', reason: 'consent_withdrawn', error: 'invalid_grant' }))
    await provider.asked(2)
    expect(provider.requests[1]?.scopes).toBeUndefined()
    provider.answer(grant)
    expect(await asked).toMatchObject({ error })
    expect(await state()).toBe(after)
  })
})
