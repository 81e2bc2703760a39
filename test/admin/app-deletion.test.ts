import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDeleteApp } from '../../src/admin/delete-app.ts'
import { Secret } from '../../src/common/secret.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'
import { inAnHour } from '../support/test-account.ts'

const engines = useEngines()
let one: TestNode
let other: TestNode
beforeAll(async () => {
  const { refreshToken } = scriptedProvider()
  one = await startTestNode({
    ...engines,
    natsUrl: engines.natsUrl,
    redisUrl: engines.redisUrl,
    refreshToken,
  })
  other = await startTestNode({ natsUrl: engines.natsUrl, redisUrl: engines.redisUrl, refreshToken })
})
afterAll(async () => {
  await one[Symbol.asyncDispose]()
  await other[Symbol.asyncDispose]()
})

const put = (node: TestNode, account: string, app: string) =>
  node.tokenbus.putAccount(account, {
    app,
    user: account,
    refreshToken: new Secret(`r-${account}`),
    accessToken: new Secret('a'),
    expires: inAnHour(),
  })

describe('an app that is deleted while accounts are put', () => {
  it('never leaves an account without an app, whichever request comes first', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const app = `racing-${i}`
        await one.tokenbus.putApp(app, { ...sandboxApp })
        const [deleted, connected] = await Promise.all([
          other.tokenbus.deleteApp(app, {}),
          put(one, `account-${i}`, app),
        ])
        const [appThere, accountThere] = await Promise.all([
          one.tokenbus.getApp(app),
          one.tokenbus.getAccount(`account-${i}`),
        ])
        expect(deleted.ok).toBe(!appThere.ok)
        expect(connected.ok).toBe(accountThere.ok)
        return `${appThere.ok ? 'app' : 'no app'}, ${accountThere.ok ? 'account' : 'no account'}`
      }),
    )
    expect(outcomes).not.toContain('no app, account')
  })

  it('is kept if the account is saved between the two counts', async () => {
    const { host, clock, storage } = one
    await one.tokenbus.putApp('counted', { ...sandboxApp })
    let [joining, accounts] = [1, 0]
    /** After the first count the account is saved, and joins no more. */
    const counting = async (count: () => number) => {
      const counted = count()
      joining = 0
      accounts = 1
      return counted
    }
    const records = {
      ...storage.records,
      countByApp: () => counting(() => accounts),
      joining: { ...storage.records.joining, count: () => counting(() => joining) },
    }
    const { deleteApp } = createDeleteApp({ apps: host.apps, clock, records })
    expect(await deleteApp('counted', {})).toMatchObject({ failure: { error: 'conflict' } })
  })

  it('is not blocked by an account of another app, nor by a failed put', async () => {
    await one.tokenbus.putApp('idle', { ...sandboxApp })
    await one.tokenbus.putAccount('nobody', { app: 'idle', user: 'nobody' })
    expect(await one.tokenbus.deleteApp('idle', {})).toMatchObject({ ok: true })
  })

  it('accepts accounts again if the deletion was refused', async () => {
    await one.tokenbus.putApp('kept', { ...sandboxApp })
    await put(one, 'first', 'kept')
    expect(await other.tokenbus.deleteApp('kept', {})).toMatchObject({ failure: { error: 'conflict' } })
    expect(await put(one, 'second', 'kept')).toMatchObject({ ok: true })
  })
})

describe('ifVersion', () => {
  const stale = { failure: { error: 'conflict', message: expect.stringContaining('ifVersion') } }

  it('permits a write only on the named version or revision', async () => {
    const made = await one.tokenbus.putApp('seen', { ...sandboxApp, ifVersion: 0 })
    if (!made.ok) throw new Error(made.failure.message)
    const { version, revision } = made.value
    expect(await one.tokenbus.putApp('seen', { ...sandboxApp, ifVersion: 0 })).toMatchObject(stale)
    const secret = { id: 'two', secret: new Secret('two') }
    expect(await one.tokenbus.addSecret('seen', { ...secret, ifVersion: revision })).toMatchObject({
      ok: true,
    })
    for (const ifVersion of [version, revision, `${version + 1}-another-history`])
      expect(await one.tokenbus.removeSecret('seen', { id: 'two', ifVersion })).toMatchObject(stale)
    expect(await one.tokenbus.deleteApp('seen', { ifVersion: version })).toMatchObject(stale)
    const now = await one.tokenbus.getApp('seen')
    if (!now.ok) throw new Error(now.failure.message)
    const last = { id: 'two', ifVersion: now.value.version }
    expect(await one.tokenbus.removeSecret('seen', last)).toMatchObject({ ok: true })
  })

  it('applies to accounts too', async () => {
    await one.tokenbus.putApp('app', { ...sandboxApp })
    const connected = await put(one, 'held', 'app')
    if (!connected.ok) throw new Error(connected.failure.message)
    const { version, revision } = connected.value
    const again = { app: 'app', user: 'held', policy: 'lazy' } as const
    expect(connected.value.created).toBe(true)
    expect(await one.tokenbus.putAccount('held', { ...again, ifVersion: 0 })).toMatchObject(stale)
    expect(await one.tokenbus.putAccount('absent', { ...again, ifVersion: '*' })).toMatchObject(stale)
    expect(await one.tokenbus.putAccount('held', { ...again, ifVersion: revision })).toMatchObject({
      ok: true,
    })
    expect(await one.tokenbus.revokeAccount('held', { ifVersion: version })).toMatchObject(stale)
    expect(await one.tokenbus.deleteAccount('held', { ifVersion: revision })).toMatchObject(stale)
    expect(await one.tokenbus.deleteAccount('held', { ifVersion: '*' })).toMatchObject({ ok: true })
  })
})
