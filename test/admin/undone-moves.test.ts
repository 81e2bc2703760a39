import { describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { passTime } from '../support/pass-time.ts'
import { parked, useMovedApps } from './moved-app.ts'

const { start } = useMovedApps()

describe("an operator's mistake", () => {
  const names = Array.from({ length: 20 }, (_, i) => `user-${i}`)
  it.each([
    [
      'tenant, in the path of the token endpoint',
      (origin: string) => ({ tokenUrl: `${origin}/wrong/token` }),
    ],
    ['client id', () => ({ clientId: 'typo' })],
  ])(
    'in the %s kills no grant, and correcting it recovers each account with one request',
    async (_, mistake) => {
      await using at = await start({ accounts: names })
      const { home, tokenbus, putApp, refresh, isNow } = at
      await putApp(mistake(home.origin))
      const before = home.calls.length
      await Promise.all(names.map(refresh))
      for (const name of names) await isNow(name, { ...parked, nextAttemptAt: expect.any(String) })
      expect(home.calls).toHaveLength(before + names.length)

      await putApp()
      for (const name of names) await isNow(name, { state: 'valid' })
      expect(home.calls).toHaveLength(before + 2 * names.length)
      const view = await tokenbus.getAccount('user-0')
      expect(view.ok && view.value).not.toHaveProperty('reason')
    },
  )

  it('changed into another mistake has each account tried once more, and not again while it stays', async () => {
    await using at = await start()
    const { home, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    const before = home.calls.length
    await putApp({ clientId: 'another typo' })
    await eventually(() => expect(home.calls).toHaveLength(before + 1))
    await isNow('alice', parked)
    // The fan-out, repeated after a crash, finds settings that were already refused.
    const { generation, version } = await at.storage.records.load({ kind: 'account', id: 'alice' })
    await Promise.all(
      [0, 1, 2, 3].map((partition) => at.storage.records.wakeAccounts({ app: 'app', partition, spread: 1 })),
    )
    await eventually(async () => {
      const { at: now } = await at.storage.records.load({ kind: 'account', id: 'alice' })
      expect(await at.storage.records.earliestDue()).toBeGreaterThan(now)
    })
    expect(await at.storage.records.load({ kind: 'account', id: 'alice' })).toMatchObject({
      generation,
      version,
    })
    expect(home.calls).toHaveLength(before + 1)
    await putApp()
    await isNow('alice', { state: 'valid' })
  })

  it('corrected by a node that crashes before waking the accounts is completed by another node', async () => {
    await using at = await start()
    const { home, storage, redisUrl, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    const { wakeAccounts } = storage.records
    storage.records.wakeAccounts = () => Promise.reject(new Error('the node is dying'))
    const before = home.calls.length
    await putApp()
    storage.records.wakeAccounts = wakeAccounts
    await isNow('alice', parked)
    expect(home.calls).toHaveLength(before)
    await passTime({ redisUrl, partitions: 4, ref: { app: 'app' }, by: 60_000 })
    await isNow('alice', { state: 'valid' })
    expect(home.calls).toHaveLength(before + 1)
  })

  it('corrected while the provider is unreachable is retried within seconds, not the next day', async () => {
    await using at = await start()
    const { home, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    home.down(true)
    await putApp()
    await isNow('alice', { state: 'expiring', reason: 'app_changed' })
    home.down(false)
    await isNow('alice', { state: 'valid' })
  })

  it('does not hide a grant that has really ended, once corrected', async () => {
    await using at = await start()
    const { home, putApp, refresh, isNow } = at
    await putApp({ clientId: 'typo' })
    await refresh('alice')
    await isNow('alice', parked)
    home.end('rt-alice')
    await putApp()
    await isNow('alice', { state: 'revoked', class: 'A', reason: 'grant_revoked' })
  })
})
