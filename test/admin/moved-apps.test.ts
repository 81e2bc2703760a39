import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { startPlaceProvider } from '../support/place-provider.ts'
import { elsewhere, parked, registered, useMovedApps } from './moved-app.ts'

const { start } = useMovedApps()

describe('a grant, when its app moves to another origin', () => {
  it('is not sent there, even with a new secret; it works again once the origin is restored', async () => {
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

  it('is sent there with moveGrants, and to no other origin', async () => {
    await using at = await start()
    const { other, home, putApp, refresh, isNow } = at
    await putApp({ ...elsewhere(other.origin), moveGrants: true })
    await refresh('alice')
    await isNow('alice', { state: 'valid' })
    expect(other.sawToken('rt-alice')).toBe(true)
    // The grant has moved: its earlier origin is now another one, and moveGrants applied to one move.
    const before = home.calls.length
    await putApp()
    await refresh('alice')
    await isNow('alice', parked)
    expect(home.calls).toHaveLength(before)
    await putApp(elsewhere(other.origin))
    await isNow('alice', { state: 'valid' })
  })

  it('that was parked is sent there after moveGrants', async () => {
    await using at = await start()
    const { other, putApp, refresh, isNow } = at
    await putApp(elsewhere(other.origin))
    await refresh('alice')
    await isNow('alice', parked)
    await putApp({ ...elsewhere(other.origin), moveGrants: true })
    await isNow('alice', { state: 'valid' })
    expect(await at.tokenbus.getApp('app')).toMatchObject({ value: { grantsMayMoveTo: [other.origin] } })
  })

  it('is not sent by a moveGrants for another origin, or an outdated one', async () => {
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

  it('is not sent there without an access token, by a put without its refresh token, or for revocation', async () => {
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

  it('is not revoked at a revocation endpoint added later, even if the token endpoint is the same', async () => {
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

  it('is replaced by a new consent, which works at the new origin', async () => {
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
