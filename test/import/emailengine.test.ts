import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEmailEngineRedis } from '../support/emailengine.ts'
import { sandboxApp } from '../support/node.ts'
import type { RedisServer } from '../support/redis.ts'
import { type Importing, startImporting } from './start-import.ts'

const apps = {
  sealed: ['AAABogpv72MAAAAB', 'AAABogpv76kAAAAC'],
  clear: ['AAABogpvqt8AAAAB', 'AAABogpvqw0AAAAC'],
}

let importing: Importing
let sealed: RedisServer
let clear: RedisServer

beforeAll(async () => {
  ;[importing, sealed, clear] = await Promise.all([
    startImporting(),
    startEmailEngineRedis('sealed'),
    startEmailEngineRedis('clear'),
  ])
})
afterAll(async () => {
  await importing[Symbol.asyncDispose]()
  await Promise.all([sealed.stop(), clear.stop()])
})

const emailengine = (server: { url: string }, ...options: string[]) => [
  'emailengine',
  '--redis',
  server.url,
  ...options,
]

/** An operator may put the apps first, with settings of their own: the import leaves them as they are. */
async function putApps(ids: readonly string[]) {
  for (const id of ids) await importing.node.tokenbus.putApp(id, { ...sandboxApp, clientId: 'cid' })
}

async function known(account: string) {
  const { accounts } = importing.node.host
  const { record, snapshot } = await accounts.load(account)
  const tokens = accounts.openCurrent(account, record)
  return {
    state: snapshot.value,
    user: snapshot.context.user,
    accessToken: tokens?.accessToken?.reveal(),
    refreshToken: tokens?.refreshToken?.reveal(),
    version: record.version,
  }
}

async function stored() {
  return (await importing.node.storage.records.list({ kind: 'account', limit: 1_000 })).ids
}

const outcomes = (rows: readonly { kind: string; outcome: string }[], kind: string) =>
  rows.filter((row) => row.kind === kind).map((row) => row.outcome)

describe('a database that EmailEngine wrote unencrypted', () => {
  it('accounts of a refused app are skipped, with the reason', async () => {
    const [first = ''] = apps.clear
    await importing.node.tokenbus.putApp(first, { ...sandboxApp, clientId: 'another' })
    const { code, rows } = await importing.run(emailengine(clear))
    expect(code).toBe(1)
    expect(rows.find(({ id }) => id === first)).toMatchObject({
      kind: 'app',
      outcome: 'failed',
      reason: 'an app with this id exists, with another clientId',
    })
    const skipped = rows.filter(({ outcome }) => outcome === 'skipped')
    expect(skipped).toHaveLength(10)
    expect(skipped[0]?.reason).toBe(`its app ${first} was not imported`)
  })

  it('is reported, and not imported without --apply', async () => {
    await putApps(apps.clear)
    const { code, summary } = await importing.run(emailengine(clear))
    expect({ code, summary }).toEqual({
      code: 0,
      summary: { applied: false, apps: { known: 2 }, accounts: { new: 20 } },
    })
    expect(await stored()).toEqual([])
    expect((await importing.run(emailengine(clear, '--apply', '--dry-run'))).code).toBe(2)
  })

  it('is imported with its grants, with read commands only', async () => {
    const admin = new Redis(clear.url)
    await admin.acl('SETUSER', 'reader', 'on', '>pass', '~*', '+@read', '+info', '+ping', '+select')
    const reader = { url: clear.url.replace('redis://', 'redis://reader:pass@') }
    const { code, summary } = await importing.run(emailengine(reader, '--apply'))
    expect({ code, summary }).toEqual({
      code: 0,
      summary: { applied: true, apps: { unchanged: 2 }, accounts: { imported: 20 } },
    })
    admin.disconnect()
    expect(await known('clear-7.with.dots@x')).toMatchObject({ refreshToken: 'rt-clear-7' })
  })
})

describe('a database that EmailEngine encrypted', () => {
  it.each([
    [
      'with another secret',
      ['--secret', '-'],
      /^This database was encrypted with another secret .* Nothing was imported\.$/,
    ],
    [
      'without its secret',
      [],
      /^This database is encrypted; give EmailEngine's secret .* Nothing was imported\.$/,
    ],
  ])('is not imported %s, with one sentence', async (_, options, sentence) => {
    const before = await stored()
    const { code, err, rows } = await importing.run(emailengine(sealed, '--apply', ...options), 'not-it')
    expect({ code, rows }).toEqual({ code: 2, rows: [] })
    expect(err).toMatch(sentence)
    expect(await stored()).toEqual(before)
  })

  it('is imported with its grants, including ids with dots and expired tokens', async () => {
    await putApps(apps.sealed)
    const { code, rows } = await importing.run(emailengine(sealed, '--secret', '-', '--apply'), 'import-me')
    expect(code).toBe(0)
    expect(outcomes(rows, 'account')).toEqual(Array(60).fill('imported'))
    expect(await known('mig-7.with.dots@x')).toMatchObject({
      state: 'valid',
      user: 'mig-7@example.com',
      accessToken: 'at-mig-7',
      refreshToken: 'rt-mig-7',
    })
    // Every third has run out: its grant comes, and is refreshed soon.
    expect(await known('mig-0')).toMatchObject({
      state: 'expiring',
      accessToken: undefined,
      refreshToken: 'rt-mig-0',
    })
    for (let i = 0; i < 60; i++) {
      const id = i === 7 ? 'mig-7.with.dots@x' : `mig-${i}`
      expect((await known(id)).refreshToken).toBe(`rt-mig-${i}`)
    }
  })

  it('imported again changes nothing', async () => {
    const before = await known('mig-1')
    const { rows } = await importing.run(emailengine(sealed, '--secret', '-', '--apply'), 'import-me')
    expect(outcomes(rows, 'account')).toEqual(Array(60).fill('unchanged'))
    expect(await known('mig-1')).toEqual(before)
  })
})

describe('a database without EmailEngine data', () => {
  it.each([
    ['another database number', (url: string) => url.replace(/3$/, '5'), /There is no EmailEngine data/],
    ['no Redis', () => 'redis://127.0.0.1:1/3', /--redis/],
    ['no URL', () => 'nonsense', /^--redis must be/],
  ])('%s is reported in one sentence', async (_, change, sentence) => {
    const { code, err } = await importing.run(emailengine({ url: change(clear.url) }))
    expect(code).toBeGreaterThan(1)
    expect(err).toMatch(sentence)
  })
})
