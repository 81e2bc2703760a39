import { generateKeyPairSync } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { setScene } from './scene.ts'
import { type AnyStandIn, privateKeyPem, type Stage, stages } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

const foreign = generateKeyPairSync('rsa', { modulusLength: 2048 })
const old = { id: 'old', secret: String(foreign.privateKey.export({ type: 'pkcs8', format: 'pem' })) }
const current = { id: 'current', secret: privateKeyPem }

interface Asked {
  readonly asked: readonly unknown[]
}

/** An account whose app has these keys, in this order. */
async function sceneWith<S extends AnyStandIn & Asked>(stage: Stage<S>, keys: object[]) {
  const scene = await setScene({ tokenbus, stage })
  await scene.refreshed()
  const { clientSecret: _, serviceKey: __, ...app } = stage.app(scene.standIn) as Record<string, unknown>
  expect(await tokenbus.request(`app.put.${scene.app}`, { ...app, secrets: keys })).toMatchObject({
    app: scene.app,
  })
  // The app is updated after the tokens are stored, so the caller may return first.
  const keysAre = (rejected: Record<string, boolean>) =>
    eventually(async () =>
      expect(await tokenbus.request(`app.get.${scene.app}`)).toMatchObject({
        state: 'healthy',
        secrets: Object.entries(rejected).map(([id, is]) => ({ id, rejected: is })),
      }),
    )
  return { scene, keysAre }
}

describe.concurrent.each([
  ['the assertions of a service account', stages.gmailService],
  ['private_key_jwt', stages.outlookWithKey],
] as const)('%s', (_, stage) => {
  it('use the next key if one is rejected, and that one from then on', async () => {
    const { scene, keysAre } = await sceneWith(stage as never, [old, current])
    await using _scene = scene
    const asked = scene.standIn.asked.length
    expect(await scene.forceRefresh()).toMatchObject({ accessToken: expect.any(String) })
    expect(scene.standIn.asked).toHaveLength(asked + 2)
    await keysAre({ old: true, current: false })
    const before = tokenbus.count('token.refreshed', scene.account)
    await scene.forceRefresh()
    await scene.refreshed({ after: before })
    expect(scene.standIn.asked).toHaveLength(asked + 3)
    expect(tokenbus.count('token.invalid', scene.account)).toBe(0)
  })
})

describe.concurrent('a service account', () => {
  it('with an unknown user does not mark its keys as rejected', async () => {
    const { scene, keysAre } = await sceneWith(stages.gmailService, [current, old])
    await using _scene = scene
    const nobody = 'nobody@example.com'
    const stranger = await scene.connectSomebody(nobody)
    expect(await tokenbus.heard('token.invalid', stranger)).toMatchObject({
      reason: 'assertion_rejected',
      class: 'S',
      recoverable: true,
    })
    const users = scene.standIn.asked.map((form) => decodeJwt(form.get('assertion') ?? '').sub)
    expect(users.filter((user) => user === nobody)).toHaveLength(2)
    await keysAre({ current: false, old: false })
    expect(await scene.forceRefresh()).toMatchObject({ accessToken: expect.any(String) })
  })
})
