import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { type Condition, conditions } from './conditions.ts'
import { type Scene, setScene } from './scene.ts'
import { type AnyStandIn, stages } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

type AnyScene = Scene<AnyStandIn>

const perform = (act: Condition['cause'], scene: AnyScene) =>
  typeof act === 'string'
    ? (scene.standIn as AnyStandIn & Record<string, (user: string) => unknown>)[act]?.(scene.user)
    : act(scene as never)

/** A fault of the app is published for an account only once its token has expired. */
async function provoke(scene: AnyScene, failureClass: string): Promise<void> {
  if (failureClass === 'P') await scene.accountWaits({ hours: 2 })
  await scene.forceRefresh()
}

describe.concurrent.each(conditions)('$stage: $condition', ({ stage, cause, told, cure }) => {
  it(`is published as ${told.reason}${cure ? ', and the account recovers once it is fixed' : ''}`, async () => {
    await using scene: AnyScene = await setScene({ tokenbus, stage: stages[stage] as never })
    expect(scene.connected).toMatchObject({ account: scene.account })
    await scene.refreshed()
    if (told.class === 'P') await scene.connectWitness()
    await perform(cause, scene)
    await provoke(scene, told.class)

    const published = await scene.invalid()
    expect(published).toMatchObject({ ...told, action: expect.stringMatching(told.action) })
    expect(published.inferred).toBe(told.inferred)
    expect(await tokenbus.request(`token.get.${scene.account}`)).toMatchObject({
      error: told.class === 'P' ? 'client_secret_expired' : 'grant_revoked',
      reason: told.reason,
      recoverable: told.recoverable,
    })
    if (cure === undefined) return

    const before = tokenbus.count('token.refreshed', scene.account)
    await perform(cure, scene)
    await scene.accountWaits({ days: 1 })
    const previousState = told.class === 'P' ? 'secret-expired' : 'revoked'
    expect(await scene.refreshed({ after: before })).toMatchObject({ state: 'valid', previousState })
    expect(tokenbus.count('token.invalid', scene.account)).toBe(1)
  })
})
