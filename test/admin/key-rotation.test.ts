import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createApiTokens } from '../../src/admin/verify-api-token.ts'
import { Secret } from '../../src/common/secret.ts'
import type { KeyRotation } from '../../src/contract/maintenance.ts'
import { keysOf, metaKey, partitionOf } from '../../src/redis/keys.ts'
import { replay } from '../../src/testing/replay.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const [one, two] = [key('one'), key('two')]

const engines = useEngines()
let looking: Redis
const provider = scriptedProvider()

beforeAll(async () => {
  looking = new Redis(engines.redisUrl)
})
afterAll(async () => {
  looking.disconnect()
})

const startNode = (keys: string) =>
  startTestNode({
    ...engines,
    refreshToken: provider.refreshToken,
    waker: false,
    keys,
  })

/** Every sealed text in this Redis, as `<key id>` of each. */
async function keyIdsInUse(): Promise<string[]> {
  const ids = new Set<string>()
  for (const name of await looking.keys('tb:*')) {
    if ((await looking.type(name)) !== 'hash') continue
    for (const value of Object.values(await looking.hgetall(name))) {
      const [, id] = /^1\.(\w+)\.\d+\.[\w-]+\.[\w-]+$/.exec(value) ?? []
      if (id !== undefined) ids.add(id)
    }
  }
  return [...ids].sort()
}

async function rotate({ tokenbus }: TestNode, limit: number): Promise<KeyRotation[]> {
  const pages: KeyRotation[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await tokenbus.rotateKeys({ key: 'two', limit, ...(cursor && { cursor }) })
    if (!page.ok) throw new Error(page.failure.message)
    pages.push(page.value)
    cursor = page.value.cursor
    if (cursor === undefined) return pages
  }
}

const sum = (pages: readonly KeyRotation[], name: 'looked' | 'resealed') =>
  pages.reduce((total, page) => total + page[name], 0)

const tokenOf = async ({ tokenbus }: TestNode, account: string) => {
  const reply = await tokenbus.getToken(account, {})
  return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)).accessToken : reply.failure.error
}

it('re-encrypts every record page by page, so that the older key can be removed', async () => {
  {
    await using before = await startNode(one)
    await before.tokenbus.putApp('app', { ...sandboxApp })
    const expires = new Date(Date.now() + 3_600_000).toISOString()
    for (let i = 0; i < 25; i++) {
      const [accessToken, refreshToken] = [new Secret(`a${i}`), new Secret(`r${i}`)]
      await before.tokenbus.putAccount(`rotate-${i}`, {
        app: 'app',
        user: 'u',
        accessToken,
        refreshToken,
        expires,
      })
    }
    // A rotated grant keeps its previous refresh token, sealed too.
    const forced = before.tokenbus.getToken('rotate-0', { forceRefresh: true })
    await provider.asked(1)
    provider.answer(answered({ accessToken: 'a0b', refreshToken: 'r0b', expiresIn: 3_600 }))
    await forced
    await before.storage.tokenApiSwitch.write({ enabled: true, by: 'admin', at: 1 })
  }
  expect(await keyIdsInUse()).toEqual(['one'])

  {
    await using node = await startNode(`${two},${one}`)
    const pages = await rotate(node, 10)
    expect({ looked: sum(pages, 'looked'), resealed: sum(pages, 'resealed') }).toEqual({
      looked: 26,
      // The switch of the page is signed again too.
      resealed: 27,
    })
    expect(pages.length).toBeGreaterThan(3)
    const progress = pages.map((page) => page.progress)
    expect(progress).toEqual([...progress].sort())
    expect(pages.at(-1)).toMatchObject({ progress: 1, retired: ['one'], unopened: [] })
    expect(await keyIdsInUse()).toEqual(['two'])
    const again = await rotate(node, 10)
    expect({ resealed: sum(again, 'resealed'), retired: again.at(-1)?.retired }).toEqual({
      resealed: 0,
      retired: [],
    })
    await eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0))
    const history = await node.tokenbus.accountHistory('rotate-0', {})
    const { states, divergence } = replay(history.ok ? history.value.transitions : [])
    expect({ states, divergence }).toEqual({
      states: ['valid', 'refreshing', 'valid', 'valid'],
      divergence: undefined,
    })
  }

  await using after = await startNode(two)
  expect(await after.storage.tokenApiSwitch.read()).toMatchObject({ enabled: true })
  expect(await tokenOf(after, 'rotate-0')).toBe('a0b')
  expect(await tokenOf(after, 'rotate-24')).toBe('a24')
  const record = await after.storage.records.load({ kind: 'account', id: 'rotate-0' })
  expect(after.host.accounts.openCurrent('rotate-0', record)?.refreshToken?.reveal()).toBe('r0b')
  expect((await after.host.apps.look('app')).secrets[0]?.secret.reveal()).toBe('client-secret')
  // What was spent before is known after: the key of the fingerprints is the same one.
  const old = { app: 'app', user: 'u', refreshToken: new Secret('r0'), accessToken: new Secret('old') }
  expect(await after.tokenbus.putAccount('rotate-0', old)).toMatchObject({ value: { generation: 2 } })
  expect(await tokenOf(after, 'rotate-0')).toBe('a0b')
  await expect(startNode(key('three'))).rejects.toThrow(/sealed with key two, which was not given/)
})

it('lists records that cannot be decrypted, and keeps the older keys', async () => {
  await using node = await startNode(`${two},${one}`)
  const name = keysOf(partitionOf('rotate-3', 4)).record({ kind: 'account', id: 'rotate-3' })
  const whole = (await looking.hget(name, 'c')) as string
  await looking.hset(name, 'c', whole.replace('.two.', '.lost.'))
  const canary = (await looking.hget(metaKey, 'canary:two')) as string
  await looking.hset(metaKey, 'canary:one', canary)
  const pages = await rotate(node, 1_000)
  expect(pages.flatMap((page) => page.unopened)).toEqual(['account:rotate-3'])
  expect(pages.at(-1)).not.toHaveProperty('retired')
  expect(await looking.hexists(metaKey, 'canary:one')).toBe(1)
  await looking.hdel(metaKey, 'canary:one')
  await looking.hset(name, 'c', whole)
})

it.each([
  [{ key: 'one' }, 'conflict', /^key: this node encrypts with two/],
  [{ key: 'two', cursor: 'nonsense' }, 'bad_request', /^cursor/],
])('refuses %j', async (page, error, message) => {
  await using node = await startNode(two)
  expect(await node.tokenbus.rotateKeys(page)).toMatchObject({
    failure: { error, message: expect.stringMatching(message) },
  })
})

it('includes API tokens, apps without a secret, pending consents and device authorizations', async () => {
  await looking.flushall()
  const consent = { details: { account: 'alice' }, secret: 'verifier' }
  const device = { details: { account: 'bob' }, secret: 'device code' }
  let token = ''
  {
    await using before = await startNode(one)
    const made = await before.tokenbus.createApiToken({ name: 'a reader', scopes: ['token:read'] })
    token = made.ok ? made.value.token : ''
    const { clientSecret: _, ...open } = sandboxApp
    await before.tokenbus.putApp('public', { ...open, rotation: 'strict' })
    await before.storage.pendingConsents.put('ticket', consent)
    const when = { now: before.clock.now(), dueIn: 1_000, expiresIn: 600_000 }
    await before.storage.pendingDevices.put('device', device, when)
  }
  {
    await using node = await startNode(`${two},${one}`)
    const pages = await rotate(node, 10)
    expect(sum(pages, 'resealed')).toBe(2)
    expect(pages.at(-1)).toMatchObject({ retired: ['one'], unopened: [] })
  }
  await using after = await startNode(two)
  const apiTokens = createApiTokens({ store: after.storage.apiTokens, clock: after.clock })
  expect(await apiTokens.verify(token)).toMatchObject({ scopes: ['token:read'] })
  expect((await after.host.apps.look('public')).config).toMatchObject({ rotation: 'strict' })
  expect(await after.storage.pendingDevices.read('device')).toEqual(device)
  expect(await after.storage.pendingConsents.look('ticket')).toEqual(consent)
})
