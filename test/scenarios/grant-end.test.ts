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

const type = 'account.grant-expiring'
const daysLeft = (time: string) => (Date.parse(time) - Date.now()) / 86_400_000

describe.concurrent('a grant with an expiry', () => {
  it('is announced once, seven days before, with its end', async () => {
    await using scene = await setScene({ tokenbus, stage: stages.gmail })
    const { standIn, account, user } = scene
    standIn.consentEnds(user, { days: 30 })
    await scene.forceRefresh()
    const view = await tokenbus.request(`account.get.${account}`)
    expect(daysLeft(view.grantExpires)).toBeCloseTo(30, 2)

    await scene.timePasses({ days: 22 })
    await scene.refreshed({ after: 2 })
    expect(tokenbus.count(type, account)).toBe(0)
    await scene.timePasses({ days: 1 })
    const told = await tokenbus.heard(type, account)
    expect(told).toMatchObject({
      app: scene.app,
      provider: 'gmail',
      user,
      state: expect.stringMatching(/^(valid|expiring)$/),
      generation: expect.any(Number),
      action: 'ask the user to reconnect before then',
    })
    expect(daysLeft(told.expiresAt)).toBeCloseTo(7, 2)

    await scene.forceRefresh()
    await scene.timePasses({ days: 2 })
    await eventually(async () =>
      expect(await tokenbus.request(`account.get.${account}`)).toMatchObject({ state: 'valid' }),
    )
    expect(tokenbus.count(type, account)).toBe(1)
    expect(tokenbus.count('token.invalid', account)).toBe(0)

    // Connected again, for a while only: that is another grant.
    standIn.consentEnds(user, { days: 3 })
    await scene.connect()
    expect(await scene.forceRefresh()).toMatchObject({ accessToken: expect.any(String) })
    expect(daysLeft((await tokenbus.heard(type, account, { after: 1 })).expiresAt)).toBeCloseTo(3, 2)
  })

  it('of an app in testing is announced at once', async () => {
    await using scene = await setScene({ tokenbus, stage: stages.testedGmail })
    const told = await tokenbus.heard(type, scene.account)
    expect(daysLeft(told.expiresAt)).toBeCloseTo(7, 2)
    expect(told.action).toMatch(/^publish the app/)
    expect(scene.connected.grantExpires).toBe(told.expiresAt)
  })
})
