import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppPut } from '../../src/contract/app.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { answered, refused } from '../support/scripted-provider.ts'

const engines = useEngines()

type Asked = Parameters<Provider['refreshToken']>[0]

const noClient = refused({ class: 'P', reason: 'client_rejected', error: 'invalid_client' })
const noGrant = refused({ class: 'R', reason: 'grant_revoked', error: 'invalid_grant' })
const madeUp = 'tokenbus-control-'

/** Accepts some secrets, and refuses dummy users and tokens. */
function judgingProvider(...good: readonly string[]) {
  const secrets = new Set(good)
  const requests: Asked[] = []
  const isControl = ({ config, user, refreshToken }: Asked) =>
    (config.grant === 'jwt_bearer' ? user : (refreshToken?.reveal() ?? '')).startsWith(madeUp)
  return {
    secrets,
    requests,
    controls: () => requests.filter(isControl),
    async refreshToken(asked: Asked) {
      requests.push(asked)
      if (!secrets.has(asked.clientSecret?.reveal() ?? '')) return noClient
      return isControl(asked) ? noGrant : answered({ accessToken: 'token', expiresIn: 3_600 })
    },
  }
}

let database = 0
interface Started {
  readonly app: AppPut
  readonly secret?: string
  readonly accounts: number
  readonly nodes?: number
}

/** Nodes of one cluster, an app and its accounts, each of which has been refreshed. */
async function start({ app, secret = 'good', accounts, nodes: count = 1 }: Started) {
  const provider = judgingProvider(secret)
  const redisUrl = `${engines.redisUrl}/${++database}`
  const { refreshToken } = provider
  const nodes: TestNode[] = []
  for (let i = 0; i < count; i++)
    nodes.push(await startTestNode({ natsUrl: engines.natsUrl, redisUrl, refreshToken }))
  const at = (i: number) => nodes[i % count] as TestNode
  const { tokenbus, host } = at(0)
  const name = app.provider === 'gmailService' ? 'serviceKey' : 'clientSecret'
  const put = await tokenbus.putApp('app', { ...app, [name]: new Secret(secret) })
  expect(put).toMatchObject({ ok: true })
  const names = Array.from({ length: accounts }, (_, i) => `account-${i}`)
  for (const name of names) {
    const token = app.provider === 'oidc' && { refreshToken: new Secret(`rt-${name}`) }
    const account = { app: 'app', user: `${name}@example.com`, policy: 'lazy' as const, ...token }
    expect(await tokenbus.putAccount(name, account)).toMatchObject({ ok: true })
    expect(await tokenbus.getToken(name, {})).toMatchObject({ ok: true })
  }
  return {
    provider,
    baseline: () =>
      eventually(async () => {
        const { baseline } = (await host.apps.look('app')).context
        if (baseline === null) throw new Error('it is not known yet')
        return baseline
      }),
    /** Forces a refresh of each account, on alternating nodes. */
    forceAll: () =>
      Promise.all(names.map((name, i) => at(i).tokenbus.getToken(name, { forceRefresh: true }))),
    appIs: (state: string) =>
      eventually(async () =>
        expect(await tokenbus.getApp('app')).toMatchObject({ ok: true, value: { state } }),
      ),
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]()
    },
  }
}

const ofPeople = { provider: 'oidc', clientId: 'client', tokenUrl: 'http://127.0.0.1:1/token' } as const

describe('a control', () => {
  it('is sent once in the cluster when accounts of two nodes are refused at the same time', async () => {
    await using app = await start({ app: ofPeople, accounts: 10, nodes: 2 })
    await app.baseline()
    const { provider } = app
    expect(provider.controls()).toHaveLength(2)
    provider.secrets.clear()
    await app.forceAll()
    await app.appIs('secret-expired')
    expect(provider.controls()).toHaveLength(3)
  })
})

describe('the baseline is learnt', () => {
  it('with a dummy refresh token', async () => {
    await using app = await start({ app: ofPeople, accounts: 1 })
    expect(await app.baseline()).toMatchObject({
      ownSecret: '400 invalid_grant',
      madeUpSecret: '400 invalid_client',
    })
    const [own, other] = app.provider.controls().map(({ clientSecret }) => clientSecret?.reveal())
    expect([own, other]).toEqual(['good', expect.stringMatching(madeUp)])
  })

  it('with a dummy user if the app signs assertions for its users', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2_048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const service = { provider: 'gmailService', clientId: 'service@project.example' } as const
    await using app = await start({ app: service, secret: privateKey, accounts: 1 })
    expect(await app.baseline()).toMatchObject({
      ownSecret: '400 invalid_grant',
      madeUpSecret: '400 invalid_client',
    })
    const users = app.provider.controls().map(({ user }) => user)
    expect(users).toEqual([expect.stringMatching(madeUp), expect.stringMatching(madeUp)])
  })

  it('without any request for client credentials, whose next request is as conclusive as a control', async () => {
    const service = { provider: 'outlookService', clientId: 'client', tenant: 'tenant' } as const
    await using app = await start({ app: service, accounts: 1 })
    await app.baseline()
    expect(app.provider.controls()).toEqual([])
    app.provider.secrets.clear()
    const before = app.provider.requests.length
    await app.forceAll()
    await app.appIs('secret-expired')
    expect(app.provider.requests.length - before).toBe(2)
  })
})
