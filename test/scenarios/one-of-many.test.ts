import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { type Scene, setScene } from './scene.ts'
import { type Stage, stages } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

const { gmailService, outlook } = stages
const bob = 'bob@elsewhere.example'

const outlookForMany: typeof outlook = {
  ...outlook,
  app: (microsoft) => ({
    ...outlook.app(microsoft),
    tenant: 'common',
    authorizeUrl: `${microsoft.url}/common/oauth2/v2.0/authorize`,
    tokenUrl: `${microsoft.url}/common/oauth2/v2.0/token`,
  }),
}

interface Case<S extends AsyncDisposable> {
  readonly what: string
  readonly stage: Stage<S>
  readonly prepare?: (standIn: S) => unknown
  readonly cause: (scene: Scene<S>) => unknown
  readonly cure: (scene: Scene<S>) => unknown
  readonly told: object
}

const one = <S extends AsyncDisposable>(each: Case<S>) => each as unknown as Case<never>

const cases = [
  one({
    what: 'a Workspace domain that has not delegated',
    stage: gmailService,
    prepare: (google) => google.adminDelegates(bob),
    cause: ({ standIn, user }) => standIn.delegationEnds(user),
    cure: ({ standIn, user }) => standIn.adminDelegates(user),
    told: { reason: 'delegation_missing', action: expect.stringMatching(/domain-wide delegation/) },
  }),
  one({
    what: 'a tenant that does not know the app',
    stage: outlookForMany,
    cause: ({ standIn, user }) => standIn.tenantRemovesApp(user),
    cure: ({ standIn, user }) => standIn.userIsWell(user),
    told: { reason: 'app_not_found', action: expect.stringMatching(/consent to the app in the tenant/) },
  }),
  one({
    what: 'a tenant that has disabled the app',
    stage: outlookForMany,
    cause: ({ standIn, user }) => standIn.tenantDisablesApp(user),
    cure: ({ standIn, user }) => standIn.userIsWell(user),
    told: { reason: 'app_disabled', action: expect.stringMatching(/enable the app in the tenant/) },
  }),
]

describe.concurrent.each(cases)('$what', ({ stage, prepare, cause, cure, told }) => {
  it('affects only its own accounts, which are probed slowly', async () => {
    await using scene = await setScene({ tokenbus, stage, ...(prepare && { prepare }) })
    const { standIn, app, account } = scene as Scene<Awaited<ReturnType<typeof outlook.start>>>
    await scene.refreshed()
    const other = await scene.connectSomebody(bob)
    await tokenbus.heard('token.refreshed', other)
    await cause(scene)
    await scene.accountWaits({ hours: 2 })
    await scene.forceRefresh()
    expect(await scene.invalid()).toMatchObject({
      ...told,
      class: 'P',
      recoverable: true,
      state: 'secret-expired',
    })

    expect(await tokenbus.request(`app.get.${app}`)).toMatchObject({ state: 'healthy' })
    const refreshed = tokenbus.count('token.refreshed', other)
    expect(await tokenbus.request(`token.get.${other}`, { forceRefresh: true })).toMatchObject({
      accessToken: expect.any(String),
    })
    expect(await tokenbus.heard('token.refreshed', other, { after: refreshed })).toMatchObject({
      state: 'valid',
    })
    expect(tokenbus.count('app.secret-expired', app)).toBe(0)

    // Reads do not probe earlier: the provider is asked by the scheduled probe, and refuses again.
    const asked = standIn.asked.length
    expect(await tokenbus.request(`token.get.${account}`)).toMatchObject({
      ...told,
      error: 'client_secret_expired',
    })
    expect(standIn.asked).toHaveLength(asked)
    await tokenbus.timePasses({ account }, { hours: 2 })
    await eventually(() => expect(standIn.asked).toHaveLength(asked + 1))
    await eventually(async () =>
      expect(await tokenbus.request(`account.get.${account}`)).toMatchObject({
        state: 'secret-expired',
        ...told,
      }),
    )

    const before = tokenbus.count('token.refreshed', account)
    await cure(scene)
    await tokenbus.timePasses({ account }, { hours: 2 })
    expect(await scene.refreshed({ after: before })).toMatchObject({ previousState: 'secret-expired' })
    expect(tokenbus.count('token.invalid', account)).toBe(1)
    expect(tokenbus.count('token.invalid', other)).toBe(0)
  })
})
