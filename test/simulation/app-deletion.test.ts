import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { type Stage, setStage } from './stage.ts'

const app = 'short-lived'
const account = 'alice'
const client = { provider: 'oidc', clientId: 'client', clientSecret: new Secret('secret-0') } as const
/** Milliseconds; a round trip takes about as long. */
const delay = fc.double({ min: 0, max: 4, noNaN: true })

/** The failed ones name a state that is not there. */
const put = (stage: Stage, { fails }: { fails: boolean }) =>
  stage.at(0).putAccount(account, {
    app,
    user: account,
    refreshToken: new Secret(stage.provider.grants.nameOf(stage.provider.grants.begin(account, 'none'), 0)),
    ...(fails && { ifVersion: 7 }),
  })

describe('an app that is deleted while an account joins it', () => {
  it('never leaves the account without an app, whatever the interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), delay, delay, fc.boolean(), async (seed, before, between, isJoinedTwice) => {
        const stage = await setStage({ seed })
        await stage.wait(stage.at(0).putApp(app, client))
        const later = async <T>(milliseconds: number, does: () => Promise<T>) => {
          await new Promise<void>((resolve) => stage.world.after(milliseconds, resolve))
          return does()
        }
        const [deleted] = await stage.wait(
          Promise.all([
            later(before, () => stage.at(1).deleteApp(app, {})),
            later(between, () => put(stage, { fails: false })),
            isJoinedTwice ? later(0, () => put(stage, { fails: true })) : undefined,
          ]),
        )
        const [hasApp, hasAccount] = await stage.wait(
          Promise.all([stage.at(0).getApp(app), stage.at(0).getAccount(account)]),
        )
        expect(hasApp.ok).toBe(!deleted.ok)
        if (hasAccount.ok) expect(hasApp.ok).toBe(true)
        for (const node of stage.nodes) node.crash()
      }),
      { numRuns: 300 },
    )
  })
})
