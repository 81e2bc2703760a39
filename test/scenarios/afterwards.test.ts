import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { setScene } from './scene.ts'
import { stages } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

const { gmail, gmailService, outlook } = stages

describe.concurrent('a parked account', () => {
  it('is probed daily, without further events while nothing changes', async () => {
    await using scene = await setScene({ tokenbus, stage: outlook })
    const { standIn, user, account } = scene
    standIn.adminBlocksByPolicy(user)
    await scene.forceRefresh()
    await scene.invalid()
    for (let day = 1; day <= 2; day++) {
      const asked = standIn.asked.length
      await scene.accountWaits({ days: 1 })
      await eventually(() => expect(standIn.asked).toHaveLength(asked + 1))
      await eventually(async () =>
        expect(await tokenbus.request(`account.get.${account}`)).toMatchObject({
          state: 'revoked',
          recoverable: true,
        }),
      )
    }
    expect(tokenbus.count('token.invalid', account)).toBe(1)
  })

  it('that is then parked for another reason publishes that', async () => {
    await using scene = await setScene({ tokenbus, stage: outlook })
    const { standIn, user } = scene
    standIn.adminBlocksByPolicy(user)
    await scene.forceRefresh()
    expect(await scene.invalid()).toMatchObject({ reason: 'policy_changed', previousState: 'valid' })
    standIn.adminDisablesUser(user)
    await scene.accountWaits({ days: 1 })
    expect(await scene.invalid({ after: 1 })).toMatchObject({
      reason: 'user_disabled',
      previousState: 'revoked',
    })
  })

  it('is restored at once when its grant is put again', async () => {
    await using scene = await setScene({ tokenbus, stage: outlook })
    const { standIn, user, account } = scene
    standIn.adminDemandsMfa(user)
    await scene.forceRefresh()
    await scene.invalid()
    standIn.userIsWell(user)
    await scene.connect()
    expect(await scene.refreshed({ after: 1 })).toMatchObject({ state: 'valid', previousState: 'revoked' })
    expect(await tokenbus.request(`token.get.${account}`)).toMatchObject({ accessToken: expect.any(String) })
  })

  it('publishes the claims that the next sign-in must satisfy', async () => {
    await using scene = await setScene({ tokenbus, stage: outlook })
    scene.standIn.adminDemandsMfa(scene.user)
    await scene.forceRefresh()
    const { providerError } = await scene.invalid()
    expect(providerError).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      suberror: 'basic_action',
      codes: [50076],
    })
    expect(JSON.parse(providerError.claims)).toEqual({
      access_token: { capolids: { essential: true, values: ['c1ca'] } },
    })
  })
})

describe.concurrent('a revoked account', () => {
  it('is valid again after a new consent, which is the only request to the provider', async () => {
    await using scene = await setScene({ tokenbus, stage: gmail })
    const { standIn, user, account } = scene
    standIn.userRemovesApp(user)
    await scene.forceRefresh()
    await scene.invalid()
    const asked = standIn.asked.length
    await scene.accountWaits({ days: 30 })
    expect(await scene.forceRefresh()).toMatchObject({ error: 'grant_revoked' })
    expect(standIn.asked).toHaveLength(asked)
    expect(await scene.connect()).toMatchObject({ account, state: 'valid' })
    expect(await scene.refreshed({ after: 1 })).toMatchObject({ previousState: 'revoked' })
    expect(await scene.forceRefresh()).toMatchObject({ accessToken: expect.any(String) })
  })
})

describe.concurrent('an expired client secret', () => {
  it('is published with the same reason for accounts that did not attempt a refresh', async () => {
    await using scene = await setScene({ tokenbus, stage: outlook })
    const { standIn, app } = scene
    await scene.connectWitness()
    standIn.secretExpires()
    await scene.forceRefresh()
    await tokenbus.heard('app.secret-expired', app)
    const asked = standIn.asked.length
    const follower = await scene.connectAnother()
    expect(await tokenbus.heard('token.invalid', follower)).toMatchObject({
      reason: 'client_secret_expired',
      class: 'P',
      recoverable: true,
      action: 'add a new client secret',
      providerError: { status: 401, error: 'invalid_client', codes: [7000222] },
    })
    expect(standIn.asked).toHaveLength(asked)
    await tokenbus.request(`app.secret.add.${app}`, { secret: standIn.secretIsAdded() })
    for (const account of [scene.account, follower]) {
      expect(
        await tokenbus.heard('token.refreshed', account, { after: account === follower ? 0 : 1 }),
      ).toMatchObject({
        previousState: 'secret-expired',
      })
    }
  })
})

describe.concurrent('temporary conditions', () => {
  it('a throttled app sends nothing until retryAfter, and its tokens are served', async () => {
    await using scene = await setScene({ tokenbus, stage: outlook })
    const { standIn, app, account } = scene
    standIn.throttle(1, 60)
    expect(await scene.forceRefresh()).toMatchObject({ accessToken: expect.any(String), generation: 1 })
    expect(await tokenbus.request(`app.get.${app}`)).toMatchObject({ state: 'throttled' })
    const asked = standIn.asked.length
    expect(await scene.forceRefresh()).toMatchObject({ generation: 1 })
    expect(standIn.asked).toHaveLength(asked)
    await scene.accountWaits({ minutes: 5 })
    expect(await scene.refreshed({ after: 1 })).toMatchObject({ previousState: 'expiring', generation: 2 })
    expect(tokenbus.count('token.invalid', account)).toBe(0)
  })

  it('a service account signs with the provider’s time after a clock difference', async () => {
    await using scene = await setScene({ tokenbus, stage: gmailService })
    await scene.refreshed()
    scene.standIn.clock.advance({ hours: 3 })
    await scene.forceRefresh()
    expect(await tokenbus.request(`account.get.${scene.account}`)).toMatchObject({
      state: 'expiring',
      lastError: { class: 'T', reason: 'clock_skew' },
    })
    await scene.accountWaits({ minutes: 1 })
    expect(await scene.refreshed({ after: 1 })).toMatchObject({ state: 'valid' })
    expect(tokenbus.count('token.invalid', scene.account)).toBe(0)
  })
})
