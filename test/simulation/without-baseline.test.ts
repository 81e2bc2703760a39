import { describe, expect, it } from 'vitest'
import { refused } from '../../src/provider/token-answer.ts'
import { refusals } from './refusals.ts'
import { setStage } from './stage.ts'

const second = 1_000
const minute = 60 * second

/**
 * An app whose controls are never answered, so nothing is known of how its provider answers a wrong secret. `worked` have
 * been refreshed; `put` came with an access token that is valid for an hour and have never been refreshed.
 */
async function setApp({ worked, put = [] }: { worked: readonly string[]; put?: readonly string[] }) {
  const stage = await setStage()
  const { provider, published } = stage
  provider.controls.silent = true
  const grants = new Map<string, string>()
  for (const name of [...worked, ...put])
    grants.set(name, (await stage.connect(name, { rotation: 'none', fresh: put.includes(name) })).id)
  for (const name of worked) await stage.get(0, name)
  await stage.pass(5 * second)
  const before = provider.spendings.length
  return {
    ...stage,
    kill: (name: string) => provider.strange.set(grants.get(name) as string, refused(refusals.invalidClient)),
    force: (name: string) => stage.get(0, name, { forceRefresh: true }),
    asked: () => provider.spendings.slice(before).map(({ grant }) => grant.account),
    appEvents: () => published.filter(({ type }) => type.startsWith('app.')).map(({ type }) => type),
  }
}

describe('a secret that expires before the baseline is known', () => {
  it('is announced within seconds if another account has been refreshed before', async () => {
    const app = await setApp({ worked: ['alice', 'bob'] })
    app.provider.secrets.clear()
    void app.force('alice')
    await app.pass(5 * second)
    expect(app.appEvents()).toEqual(['app.secret-expired'])
    expect(app.asked()).toEqual(['alice', 'bob'])
  })

  it('is announced within seconds if the only other account has never been refreshed', async () => {
    const app = await setApp({ worked: ['alice'], put: ['bob'] })
    app.provider.secrets.clear()
    void app.force('alice')
    await app.pass(15 * second)
    expect(app.asked()).toEqual(['alice', 'bob'])
    expect(app.appEvents()).toEqual(['app.secret-expired'])
  })

  it('costs three requests beyond the first if none of many other accounts has been refreshed', async () => {
    const others = Array.from({ length: 20 }, (_, i) => `other-${i}`)
    const app = await setApp({ worked: ['alice'], put: others })
    app.provider.secrets.clear()
    void app.force('alice')
    await app.pass(2 * minute)
    expect(app.appEvents()).toEqual(['app.secret-expired'])
    expect(app.asked()).toHaveLength(4)
  })

  it('is announced after ten minutes if there is no other account', async () => {
    const app = await setApp({ worked: ['alice'] })
    app.provider.secrets.clear()
    void app.force('alice')
    await app.pass(9 * minute)
    expect(app.appEvents()).toEqual([])
    await app.pass(7 * minute)
    expect(app.appEvents()).toEqual(['app.secret-expired'])
    expect(app.asked()).toHaveLength(4)
  })
})

describe('one dead grant of an app without conclusive controls', () => {
  it('affects only its account if the other has never been refreshed', async () => {
    const app = await setApp({ worked: ['alice'], put: ['bob'] })
    app.kill('alice')
    void app.force('alice')
    await app.pass(15 * second)
    expect(app.asked()).toContain('bob')
    expect(app.appEvents()).toEqual([])
    expect(await app.get(1, 'alice')).toMatchObject({ reason: 'refused_for_this_grant' })
  })

  it('does not open the circuit together with grants that never worked', async () => {
    const dead = ['dead-0', 'dead-1']
    const app = await setApp({ worked: ['alice'], put: ['bob', ...dead] })
    for (const name of ['alice', ...dead]) app.kill(name)
    void app.force('alice')
    await app.pass(5 * minute)
    expect(app.appEvents()).toEqual([])
    expect(await app.get(1, 'alice')).toMatchObject({ reason: 'refused_for_this_grant' })
  })

  it('does not open the circuit if no grant ever worked', async () => {
    const imported = Array.from({ length: 6 }, (_, i) => `imported-${i}`)
    const app = await setApp({ worked: ['alice'], put: imported })
    for (const name of imported) app.kill(name)
    for (const name of imported) void app.force(name)
    await app.pass(5 * minute)
    expect(app.appEvents()).toEqual([])
    expect(await app.force('alice')).toMatchObject({ accessToken: expect.any(String) })
  })
})
