import { Redis } from 'ioredis'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppPut } from '../../src/contract/app.ts'
import { createProvider } from '../../src/provider/provider.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { signedContent } from '../../src/redis/record.ts'
import { parseKeys } from '../../src/redis/seal-keys.ts'
import { createSigner } from '../../src/redis/signer.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, testKeys } from '../support/node.ts'
import { passTime } from '../support/pass-time.ts'
import { startPlaceProvider } from '../support/place-provider.ts'

const engines = useEngines()
const http = createProvider({ allowPrivate: true })
afterAll(() => http.close())

const registered = { path: '/right/token', clientId: 'client' }
const secret = new Secret('the secret')
vi.setConfig({ testTimeout: 60_000 })

/** Redis has sixteen of them. */
let database = 0
/** Two origins, and an app of the first with accounts whose grants have worked there. */
async function start({ accounts = ['alice'], ...put }: { accounts?: string[] } & Partial<AppPut> = {}) {
  const home = await startPlaceProvider(registered)
  const other = await startPlaceProvider(registered)
  const redisUrl = `${engines.redisUrl}/${database++}`
  const node = await startTestNode({
    natsUrl: engines.natsUrl,
    redisUrl,
    refreshToken: http.refreshToken,
    revokeToken: http.revokeToken,
  })
  const { tokenbus } = node
  const app = {
    provider: 'oidc',
    clientId: 'client',
    clientSecret: secret,
    tokenUrl: `${home.origin}/right/token`,
    revocationUrl: `${home.origin}/revoke`,
    rotation: 'none',
    ...put,
  } as const satisfies AppPut
  const putApp = (change: Partial<AppPut> = {}) => tokenbus.putApp('app', { ...app, ...change })
  const refresh = (account: string) => tokenbus.getToken(account, { forceRefresh: true })
  const isNow = (account: string, expected: object) =>
    eventually(async () =>
      expect(await tokenbus.getAccount(account)).toMatchObject({ ok: true, value: expected }),
    )
  expect(await putApp()).toMatchObject({ ok: true })
  for (const account of accounts) {
    const refreshToken = new Secret(`rt-${account}`)
    await tokenbus.putAccount(account, { app: 'app', user: account, refreshToken, policy: 'eager' })
  }
  for (const account of accounts) await isNow(account, { state: 'valid' })
  return {
    ...node,
    redisUrl,
    home,
    other,
    app,
    putApp,
    refresh,
    isNow,
    async [Symbol.asyncDispose]() {
      await node[Symbol.asyncDispose]()
      await home[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}

const elsewhere = (origin: string) => ({
  tokenUrl: `${origin}/right/token`,
  revocationUrl: `${origin}/revoke`,
  clientSecret: new Secret('made up'),
})
const parked = { state: 'revoked', class: 'S', reason: 'app_changed', recoverable: true }

describe('a grant, when its app moves to another origin', () => {
  it('is not sent there, whatever secret comes with the move; put back, it works again', async () => {
    await using at = await start()
    const { other, home, putApp, refresh, isNow } = at
    expect(await putApp(elsewhere(other.origin))).toMatchObject({ ok: true })
    expect(await refresh('alice')).toMatchObject({
      failure: { error: 'grant_revoked', reason: 'app_changed' },
    })
    await isNow('alice', { ...parked, nextAttemptAt: null, action: expect.stringContaining('moveGrants') })
    expect(other.calls).toEqual([])

    const before = home.calls.length
    await putApp()
    await isNow('alice', { state: 'valid' })
    expect(home.calls).toHaveLength(before + 1)
    expect(other.calls).toEqual([])
  })

  it('follows where an administrator says so, and no further', async () => {
    await using at = await start()
    const { other, home, putApp, refresh, isNow } = at
    await putApp({ ...elsewhere(other.origin), moveGrants: true })
    await refresh('alice')
    await isNow('alice', { state: 'valid' })
    expect(other.sawToken('rt-alice')).toBe(true)
    // It has moved: where it came from is another origin now, and the order was for one move.
    const before = home.calls.length
    await putApp()
    await refresh('alice')
    await isNow('alice', parked)
    expect(home.calls).toHaveLength(before)
    await putApp(elsewhere(other.origin))
    await isNow('alice', { state: 'valid' })
  })

  it('that was parked follows the order that comes later', async () => {
    await using at = await start()
    const { other, putApp, refresh, isNow } = at
    await putApp(elsewhere(other.origin))
    await refresh('alice')
    await isNow('alice', parked)
    await putApp({ ...elsewhere(other.origin), moveGrants: true })
    await isNow('alice', { state: 'valid' })
    expect(await at.tokenbus.getApp('app')).toMatchObject({ value: { grantsMayMoveTo: [other.origin] } })
  })

  it('does not follow an order that was for another place, or that has been overtaken', async () => {
    await using at = await start()
    const { other, putApp, refresh, isNow } = at
    await using third = await startPlaceProvider(registered)
    await putApp({ ...elsewhere(other.origin), moveGrants: true })
    await putApp(elsewhere(third.origin))
    await putApp(elsewhere(other.origin))
    await refresh('alice')
    await isNow('alice', parked)
    expect([...other.calls, ...third.calls]).toEqual([])
  })

  it('is not sent for lack of an access token, nor by a put without its refresh token, nor to be revoked', async () => {
    await using at = await start()
    const { other, tokenbus, putApp, isNow } = at
    await putApp(elsewhere(other.origin))
    const expires = new Date(Date.now() + 7_200_000).toISOString()
    await tokenbus.putAccount('alice', {
      app: 'app',
      user: 'alice',
      accessToken: new Secret('mine'),
      expires,
    })
    await at.refresh('alice')
    await isNow('alice', parked)
    await tokenbus.putAccount('alice', { app: 'app', user: 'alice' })
    await isNow('alice', parked)
    expect(await tokenbus.deleteAccount('alice', { revokeAtProvider: true })).toMatchObject({
      value: { revokedAtProvider: false },
    })
    expect(other.calls).toEqual([])
  })

  it('is not revoked at an endpoint that has only come since, though the token endpoint stayed', async () => {
    await using at = await start()
    const { other, home, app, tokenbus, putApp, refresh, isNow } = at
    await putApp({ revocationUrl: `${other.origin}/revoke`, tokenUrl: app.tokenUrl })
    await refresh('alice')
    await isNow('alice', { state: 'valid' })
    expect(await tokenbus.revokeAccount('alice', { revokeAtProvider: true })).toMatchObject({
      value: { revokedAtProvider: false },
    })
    expect(other.calls).toEqual([])
    await putApp()
    expect(await tokenbus.deleteAccount('alice', { revokeAtProvider: true })).toMatchObject({
      value: { revokedAtProvider: true },
    })
    expect(home.sawToken('rt-alice')).toBe(true)
  })

  it('gives way to a new consent, which works where it was given', async () => {
    await using at = await start()
    const { other, tokenbus, putApp, refresh, isNow } = at
    await putApp(elsewhere(other.origin))
    await refresh('alice')
    await isNow('alice', parked)
    await tokenbus.putAccount('alice', { app: 'app', user: 'alice', refreshToken: new Secret('rt-new') })
    await isNow('alice', { state: 'valid' })
    expect(other.calls.map(({ token }) => token)).toEqual(['rt-new'])
  })
})

describe('a grant of which nobody noted where it worked', () => {
  it('is taken to work where the app is, and that is noted at its next success', async () => {
    await using at = await start()
    const { other, home, tokenbus, storage, host, putApp, refresh, isNow } = at
    const { sealer } = storage
    const placeOf = async () => {
      const { record } = await host.accounts.load('alice')
      return host.accounts.openCurrent('alice', record)?.place
    }
    expect(await placeOf()).toMatchObject({ tokenEndpoint: at.app.tokenUrl, clientId: 'client' })
    const { generation, fields } = await storage.records.load({ kind: 'account', id: 'alice' })
    const known = { account: 'alice', slot: 'c', generation }
    const { p: _, ...older } = JSON.parse(sealer.open({ sealed: fields.c as string, ...known }).reveal())
    const redis = new Redis(at.redisUrl)
    const record = keysOf(partitionOf('alice', 4)).record({ kind: 'account', id: 'alice' })
    const { m: _m, ...hash } = await redis.hgetall(record)
    hash.c = sealer.seal({ text: JSON.stringify(older), ...known })
    const content = signedContent(hash)
    const m = createSigner(parseKeys(testKeys)).sign({ kind: 'account', id: 'alice', content })
    await redis.hset(record, { ...hash, m })
    redis.disconnect()
    expect(await placeOf()).toBeUndefined()

    await refresh('alice')
    await isNow('alice', { state: 'valid', generation: generation + 1 })
    expect(await placeOf()).toMatchObject({ tokenEndpoint: at.app.tokenUrl, clientId: 'client' })
    await putApp(elsewhere(other.origin))
    await refresh('alice')
    await isNow('alice', parked)
    expect(other.calls).toEqual([])
    expect(home.calls.length).toBeGreaterThan(1)
    expect((await tokenbus.getAccount('alice')).ok).toBe(true)
  })
})

describe('a refresh endpoint of its own', () => {
  it('is part of where a grant works: coming later, or moved, it collects nothing', async () => {
    await using third = await startPlaceProvider(registered)
    await using at = await start()
    const { other, putApp, refresh, isNow } = at
    const refreshUrl = `${other.origin}/right/token`
    await putApp({ refreshUrl, clientSecret: new Secret('made up') })
    await refresh('alice')
    await isNow('alice', parked)
    expect(other.calls).toEqual([])

    await putApp({ refreshUrl, moveGrants: true })
    await isNow('alice', { state: 'valid' })
    expect(other.sawToken('rt-alice')).toBe(true)

    await putApp({ refreshUrl: `${third.origin}/right/token`, clientSecret: new Secret('made up') })
    await refresh('alice')
    await isNow('alice', parked)
    expect(third.calls).toEqual([])
  })
})

describe('what discovery answers', () => {
  it('is another origin too when it changes: nothing is sent there, the secret neither', async () => {
    await using at = await start()
    const { home, other, tokenbus, refresh, isNow } = at
    await using issuer = await startPlaceProvider({ path: '/token', clientId: 'client' })
    const app = { provider: 'oidc', clientId: 'client', clientSecret: secret, issuer: issuer.origin } as const
    await tokenbus.putApp('found', app)
    await tokenbus.putAccount('bob', { app: 'found', user: 'bob', refreshToken: new Secret('rt-bob') })
    await isNow('bob', { state: 'valid' })
    await eventually(async () =>
      expect(await tokenbus.getApp('found')).toMatchObject({ value: { discoveredAt: issuer.origin } }),
    )
    issuer.discover(`${other.origin}/token`)
    await http.resolveEndpoint({
      config: { ...(await at.host.apps.look('found')).config, pinned: {} } as never,
      endpoint: 'token_endpoint',
      within: 2_000,
      anew: true,
    })
    await refresh('bob')
    await isNow('bob', parked)
    expect(other.calls).toEqual([])
    // Put again as it is, nothing is different; an administrator may accept the move.
    await tokenbus.putApp('found', app)
    await isNow('bob', parked)
    expect(other.calls).toEqual([])
    await tokenbus.putApp('found', { ...app, moveGrants: true })
    await eventually(() => expect(other.sawToken('rt-bob')).toBe(true))
    expect(home.sawToken('rt-bob')).toBe(false)
  })
})

describe("an operator's mistake", () => {
  const names = Array.from({ length: 20 }, (_, i) => `user-${i}`)
  it.each([
    [
      'tenant, in the path of the token endpoint',
      (origin: string) => ({ tokenUrl: `${origin}/wrong/token` }),
    ],
    ['client id', () => ({ clientId: 'typo' })],
  ])('in the %s leaves nobody dead, and is undone by undoing it: one call each', async (_, mistake) => {
    await using at = await start({ accounts: names })
    const { home, tokenbus, putApp, refresh, isNow } = at
    await putApp(mistake(home.origin))
    const before = home.calls.length
    await Promise.all(names.map(refresh))
    for (const name of names) await isNow(name, { ...parked, nextAttemptAt: expect.any(String) })
    expect(home.calls).toHaveLength(before + names.length)

    await putApp()
    for (const name of names) await isNow(name, { state: 'valid' })
    expect(home.calls).toHaveLength(before + 2 * names.length)
    const view = await tokenbus.getAccount('user-0')
    expect(view.ok && view.value).not.toHaveProperty('reason')
  })

  it('that is changed into another one is tried once more each, and not again while it stays', async () => {
    await using at = await start()
    const { home, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    const before = home.calls.length
    await putApp({ clientId: 'another typo' })
    await eventually(() => expect(home.calls).toHaveLength(before + 1))
    await isNow('alice', parked)
    // The fan-out, come again after a crash, finds settings that were refused already.
    const { generation, version } = await at.storage.records.load({ kind: 'account', id: 'alice' })
    await Promise.all(
      [0, 1, 2, 3].map((partition) => at.storage.records.wakeAccounts({ app: 'app', partition, spread: 1 })),
    )
    await eventually(async () => {
      const { at: now } = await at.storage.records.load({ kind: 'account', id: 'alice' })
      expect(await at.storage.records.earliestDue()).toBeGreaterThan(now)
    })
    expect(await at.storage.records.load({ kind: 'account', id: 'alice' })).toMatchObject({
      generation,
      version,
    })
    expect(home.calls).toHaveLength(before + 1)
    await putApp()
    await isNow('alice', { state: 'valid' })
  })

  it('undone by a node that dies before it has woken anybody is undone by whoever looks next', async () => {
    await using at = await start()
    const { home, storage, redisUrl, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    const { wakeAccounts } = storage.records
    storage.records.wakeAccounts = () => Promise.reject(new Error('the node is dying'))
    const before = home.calls.length
    await putApp()
    storage.records.wakeAccounts = wakeAccounts
    await isNow('alice', parked)
    expect(home.calls).toHaveLength(before)
    await passTime({ redisUrl, partitions: 4, ref: { app: 'app' }, by: 60_000 })
    await isNow('alice', { state: 'valid' })
    expect(home.calls).toHaveLength(before + 1)
  })

  it('undone while the provider is away is tried again within seconds, not the next day', async () => {
    await using at = await start()
    const { home, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    home.down(true)
    await putApp()
    await isNow('alice', { state: 'expiring', reason: 'app_changed' })
    home.down(false)
    await isNow('alice', { state: 'valid' })
  })

  it('does not hide a grant that has really ended: undone, that is what it says', async () => {
    await using at = await start()
    const { home, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    home.end('rt-alice')
    await putApp()
    await isNow('alice', { state: 'revoked', class: 'A', reason: 'grant_revoked' })
  })
})
