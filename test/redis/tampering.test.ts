import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApiTokens } from '../../src/admin/verify-api-token.ts'
import { Secret } from '../../src/common/secret.ts'
import { StartError } from '../../src/common/start-error.ts'
import { ok } from '../../src/contract/failures.ts'
import { Tampered } from '../../src/redis/integrity.ts'
import { keysOf, metaKey, partitionOf, type Ref } from '../../src/redis/keys.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { answered } from '../support/scripted-provider.ts'
import { getToken } from '../support/test-account.ts'
import { forgeries, moveOn, storeRecords } from './forged-records.ts'

const engines = useEngines()
let redis: Redis

beforeAll(() => {
  redis = new Redis(engines.redisUrl)
})
afterAll(() => redis.disconnect())
beforeEach(() => redis.flushall())

/** What was sent to a provider: where to, for whom, and with which refresh token. */
interface Sent {
  readonly to: string | undefined
  readonly user: string
  readonly refreshToken: string | undefined
}

async function startNode(sent: Sent[] = []): Promise<TestNode> {
  return startTestNode({
    ...engines,
    waker: false,
    async refreshToken({ config, user, refreshToken }) {
      sent.push({ to: config.tokenUrl, user, refreshToken: refreshToken?.reveal() })
      return answered({ accessToken: `access-of-${user}`, refreshToken: 'next', expiresIn: 3_600 })
    },
  })
}

const keyOf = (ref: Ref) => keysOf(partitionOf(ref.id, 4)).record(ref)
const appKey = (id: string) => keyOf({ kind: 'app', id })
const accountKey = (id: string) => keyOf({ kind: 'account', id })

async function replaceIn(key: string, field: string, from: string, to: string): Promise<void> {
  const text = (await redis.hget(key, field)) as string
  if (!text.includes(from)) throw new Error(`${field} has no ${from}`)
  await redis.hset(key, field, text.replaceAll(from, to))
}

describe('an attacker who can write Redis, but has no sealing key', () => {
  it('cannot forge an API token', async () => {
    await using node = await startNode()
    const [id, token] = ['AAAAAAAAAAAA', `tb_AAAAAAAAAAAA${'x'.repeat(43)}`]
    const digest = createHash('sha256').update(token).digest('hex')
    const row = {
      id,
      name: 'forged',
      digest,
      scopes: ['admin'],
      accounts: '*',
      perSecond: 1_000,
      createdAt: 1,
      expiresAt: null,
    }
    await redis.hset('tb:{api-tokens}', id, JSON.stringify(row))
    const apiTokens = createApiTokens({ store: node.storage.apiTokens, clock: node.clock })
    expect(await apiTokens.verify(token)).toBeNull()
  })

  it('cannot redirect a refresh token, even of an app without a secret', async () => {
    const sent: Sent[] = []
    await using node = await startNode(sent)
    const { clientSecret: _, ...open } = sandboxApp
    await node.tokenbus.putApp('public', { ...open, rotation: 'strict' })
    await node.tokenbus.putAccount('alice', {
      app: 'public',
      user: 'alice',
      refreshToken: new Secret('r-alice'),
    })
    await replaceIn(appKey('public'), 'config', sandboxApp.tokenUrl, 'http://127.0.0.1:2/theirs')
    await expect(getToken(node, 'alice')).rejects.toThrow(Tampered)
    expect(sent).toEqual([])
  })

  it('cannot get another user’s token through a service account', async () => {
    const sent: Sent[] = []
    await using node = await startNode(sent)
    await node.tokenbus.putApp('service', { ...sandboxApp, grant: 'client_credentials' })
    await node.tokenbus.putAccount('robot', { app: 'service', user: 'robot@example.com' })
    await replaceIn(accountKey('robot'), 's', 'robot@example.com', 'boss@example.com')
    await expect(getToken(node, 'robot')).rejects.toThrow(Tampered)
    expect(sent).toEqual([])
  })
})

const records: [Ref['kind'], string][] = [
  ['account', 'person'],
  ['account', 'open'],
  ['account', 'robot'],
  ['app', 'app'],
  ['app', 'public'],
  ['app', 'service'],
]

describe('a record in Redis', () => {
  it.each(records)(
    'of %s %s is rejected if a field is changed, removed, copied from another id, or rolled back',
    async (kind, id) => {
      const sent: Sent[] = []
      await using node = await startNode(sent)
      const told: string[] = []
      node.storage.onTampering((what) => told.push(what))
      await storeRecords(node)
      const key = keyOf({ kind, id: `${id}-one` })
      const before = await redis.hgetall(key)
      await moveOn(node)
      const now = await redis.hgetall(key)
      const other = await redis.hgetall(keyOf({ kind, id: `${id}-other` }))
      const use = () =>
        kind === 'account'
          ? getToken(node, `${id}-one`, { forceRefresh: true })
          : node.tokenbus.verifyApp(`${id}-one`, {})
      sent.length = 0
      const cases = forgeries(now, { before, other })
      const accepted: string[] = []
      for (const [what, hash] of cases) {
        await redis.multi().del(key).hset(key, hash).exec()
        const outcome = await use().catch((error: unknown) => error)
        if (!(outcome instanceof Tampered)) accepted.push(what)
      }
      expect(accepted).toEqual([])
      expect(sent).toEqual([])
      expect(told).toEqual(cases.map(() => kind))
      expect(cases.length).toBeGreaterThan(30)
      await redis.multi().del(key).hset(key, now).exec()
      expect(await use()).not.toHaveProperty('failure')
    },
  )

  it('that was forged is left out of lists, which contain the others', async () => {
    await using node = await startNode()
    await storeRecords(node)
    await redis.hset(accountKey('person-one'), 'user', 'boss@example.com')
    await redis.hset(appKey('app-other'), 'config', '{}')
    const accounts = await node.tokenbus.listAccounts({})
    const ids = accounts.ok ? accounts.value.accounts.map(({ account }) => account) : []
    expect(ids).not.toContain('person-one')
    expect(ids).toContain('robot-one')
    const apps = await node.tokenbus.listApps()
    expect(apps.ok && apps.value.apps.map(({ app }) => app)).not.toContain('app-other')
  })

  it('may be replaced as a whole by an older copy, which is a documented limit', async () => {
    await using node = await startNode()
    await storeRecords(node)
    const before = await redis.hgetall(appKey('app-one'))
    await node.tokenbus.updateApp('app-one', () => ok({ name: 'renamed' }))
    await redis.multi().del(appKey('app-one')).hset(appKey('app-one'), before).exec()
    expect((await node.host.apps.look('app-one')).config?.name).toBe('one')
  })
})

describe('an API token in Redis', () => {
  const key = 'tb:{api-tokens}'

  it('is rejected if a field is changed, it is moved to another id, or its MAC is removed', async () => {
    await using node = await startNode()
    const make = async (name: string) => {
      const made = await node.tokenbus.createApiToken({
        name,
        scopes: ['token:read'],
        accounts: 'a*',
        perSecond: 5,
      })
      if (!made.ok) throw new Error(made.failure.message)
      return made.value
    }
    const [one, other] = [await make('one'), await make('other')]
    const text = (await redis.hget(key, one.id)) as string
    const [mac = '', row = ''] = [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf('{'))]
    const fields = JSON.parse(row) as Record<string, unknown>
    const changed = Object.keys(fields).map(
      (field) => `${mac} ${JSON.stringify({ ...fields, [field]: field === 'scopes' ? ['admin'] : '*' })}`,
    )
    const otherText = (await redis.hget(key, other.id)) as string
    const moved = [
      otherText,
      otherText.replace(other.id, one.id),
      `${otherText.split(' ')[0]} ${row}`,
      row,
      `1.other.${mac.split('.')[2]} ${row}`,
    ]
    const verify = () =>
      createApiTokens({ store: node.storage.apiTokens, clock: node.clock }).verify(one.token)
    expect(await verify()).toMatchObject({ accounts: 'a*' })
    for (const forged of [...changed, ...moved]) {
      await redis.hset(key, one.id, forged)
      expect({ forged, admitted: await verify() }).toEqual({ forged, admitted: null })
      const listed = await node.tokenbus.listApiTokens()
      expect(listed.ok && listed.value.apiTokens.map(({ id }) => id)).toEqual([other.id])
    }
  })
})

describe('a pending consent in Redis', () => {
  const pending = {
    details: { redirectUrl: 'https://app.example.com/', account: 'alice' },
    secret: 'verifier',
  }
  const keyOfTicket = (ticket: string) =>
    `tb:consent:${createHash('sha256').update(ticket).digest('base64url')}`

  it.each([
    ['is replaced by another', async () => (await redis.get(keyOfTicket('other'))) as string],
    ['is unencrypted', async () => JSON.stringify({ ...pending.details, sealed: 'x' })],
    ['is changed', async () => `${(await redis.get(keyOfTicket('one')))?.slice(0, -3)}AAA`],
    ['is an arbitrary text', async () => 'anything'],
  ])('is not found once it %s', async (_, forge) => {
    await using node = await startNode()
    const consents = node.storage.pendingConsents
    const told: string[] = []
    node.storage.onTampering((what) => told.push(what))
    await consents.put('one', pending)
    await consents.put('other', { ...pending, details: { account: 'boss' } })
    await redis.set(keyOfTicket('one'), await forge())
    expect(await consents.look('one')).toBeNull()
    expect(await consents.look('one')).toBeNull()
    expect(told).toEqual(['consent', 'consent'])
    expect(await consents.look('other')).toMatchObject({ secret: 'verifier' })
  })
})

it('the write level cannot be lowered through Redis: a node that starts later accepts no older format', async () => {
  {
    await using _ = await startNode()
  }
  const sealed = (await redis.hget(metaKey, 'fingerprint-key')) as string
  await redis.hset(metaKey, { schema: '1', 'fingerprint-key': sealed.replace(/^1\.test\.2\./, '1.test.0.') })
  await expect(startNode()).rejects.toThrow(StartError)
  await redis.hdel(metaKey, 'fingerprint-key')
  await using node = await startNode()
  expect([node.storage.level.written(), node.storage.level.lowest()]).toEqual([2, 2])
})
