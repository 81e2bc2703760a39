import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { signedContent } from '../../src/redis/record.ts'
import { parseKeys } from '../../src/redis/seal-keys.ts'
import { createSigner } from '../../src/redis/signer.ts'
import { eventually } from '../support/eventually.ts'
import { testKeys } from '../support/node.ts'
import { startPlaceProvider } from '../support/place-provider.ts'
import { elsewhere, parked, registered, secret, useMovedApps } from './moved-app.ts'

const { http, start } = useMovedApps()

describe('a grant without a recorded origin', () => {
  it('is assumed to belong to the app’s origin, which is recorded at its next success', async () => {
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

describe('a separate refresh endpoint', () => {
  it('is part of a grant’s origin: one added or moved later receives no refresh tokens', async () => {
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

describe('a discovered endpoint', () => {
  it('that changes its origin receives neither tokens nor the secret', async () => {
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
      bypassCache: true,
    })
    await refresh('bob')
    await isNow('bob', parked)
    expect(other.calls).toEqual([])
    // An unchanged put does not help; an administrator may accept the move.
    await tokenbus.putApp('found', app)
    await isNow('bob', parked)
    expect(other.calls).toEqual([])
    await tokenbus.putApp('found', { ...app, moveGrants: true })
    await eventually(() => expect(other.sawToken('rt-bob')).toBe(true))
    expect(home.sawToken('rt-bob')).toBe(false)
  })
})
