import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectTokens, type Tokens } from '../../src/client/index.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { startApi } from './api-server.ts'

let cluster: Cluster
let tokens: Tokens
beforeAll(async () => {
  cluster = await startCluster()
  await cluster.startNode()
  tokens = await connectTokens({ servers: cluster.natsServer.url })
})
afterAll(async () => {
  await tokens?.close()
  await cluster?.[Symbol.asyncDispose]()
})

const scopes = ['email', 'openid']

it('a second token of a grant is cached beside the first, and replaced alone after a 401', async () => {
  await using api = await startApi()
  await cluster.connectAccount('alice', { policy: 'lazy' })
  const own = await tokens.get('alice')
  const second = await tokens.get('alice', { scopes })
  expect(second).toMatchObject({ account: 'alice', registeredScopes: expect.arrayContaining(scopes) })
  expect(second.registeredScopes).toHaveLength(2)
  expect(second.accessToken).not.toBe(own.accessToken)
  expect(await tokens.get('alice')).toMatchObject({ accessToken: own.accessToken })

  api.accepts = (token) => token !== second.accessToken
  expect((await tokens.fetch('alice', api.url, { scopes })).status).toBe(200)
  const [refused, accepted] = api.calls.map(({ token }) => token)
  expect(refused).toBe(second.accessToken)
  const third = await tokens.get('alice', { scopes: scopes.toReversed() })
  expect(third).toMatchObject({ accessToken: accepted, registeredScopes: second.registeredScopes })
  expect(third.generation).toBeGreaterThan(second.generation)
  expect(await tokens.get('alice')).toMatchObject({ accessToken: own.accessToken })
})

it('a second token is dropped from the cache when its account is removed', async () => {
  await cluster.connectAccount('bob', { policy: 'lazy' })
  await tokens.get('bob', { scopes })
  await cluster.request('account.delete.bob', {})
  await eventually(() =>
    expect(tokens.get('bob', { scopes })).rejects.toMatchObject({ code: 'account_not_found' }),
  )
})
