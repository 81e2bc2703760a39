import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { documentedAcl } from '../support/documented-acl.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode, testKeys } from '../support/node.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'

let nats: NatsServer
let server: RedisServer
let admin: Redis
/** As the documentation has it. */
let rules: string[]

const urlOf = (user: string) => `redis://${user}:pass@127.0.0.1:${server.port}`
const aclUser = (user: string, more: readonly string[]) =>
  admin.call('ACL', 'SETUSER', user, 'reset', ...more)
const open = (user: string) =>
  openStorage({ url: urlOf(user), keys: testKeys, partitions: 4, logger: pino({ level: 'silent' }) })

beforeAll(async () => {
  rules = await documentedAcl('pass')
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  server = await startRedis()
  admin = new Redis(server.url)
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
  await nats.stop()
})

it('a node works with the documented ACL', async () => {
  await aclUser('tokenbus', rules)
  const provider = scriptedProvider()
  const { refreshToken } = provider
  const node = await startTestNode({ natsUrl: nats.url, redisUrl: urlOf('tokenbus'), refreshToken })
  const { tokenbus, storage, host } = node
  await tokenbus.putApp('app', { ...sandboxApp })
  const tokens = { accessToken: new Secret('a1'), refreshToken: new Secret('r1') }
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  for (const account of ['alice', 'bob'])
    await tokenbus.putAccount(account, { app: 'app', user: account, expires, ...tokens })
  const forced = tokenbus.getToken('alice', { forceRefresh: true })
  await provider.asked()
  provider.answer(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
  expect(await forced).toMatchObject({ ok: true })
  expect(await tokenbus.listAccounts({ app: 'app', state: 'valid' })).toMatchObject({ ok: true })
  expect(await tokenbus.listAccounts({ prefix: 'a' })).toMatchObject({ ok: true })
  expect(await tokenbus.listApps()).toMatchObject({ ok: true })
  await tokenbus.revokeAccount('bob', {})
  await tokenbus.putApp('app', { ...sandboxApp, clientSecret: new Secret('another') })
  const made = await tokenbus.createApiToken({ name: 'test', scopes: ['admin'] } as never)
  expect(made).toMatchObject({ ok: true })
  await tokenbus.listApiTokens()
  await tokenbus.rotateKeys({ key: 'test' } as never)
  await tokenbus.finishUpgrade({ level: 2 } as never)
  await tokenbus.deadEvents({})
  await storage.records.outbox.setAside({ partition: 0, entryId: '1-1', reason: 'none' })
  await storage.seenEvents.has({ app: 'app', jti: 'x' } as never)
  await storage.highestTime(Date.now())
  await storage.seals()
  await storage.records.countByState()
  await storage.records.earliestDue()
  await eventually(async () => expect(await storage.records.outbox.size()).toBe(0))
  for (const account of ['alice', 'bob']) await tokenbus.deleteAccount(account, {})
  expect(await tokenbus.deleteApp('app', {} as never)).toMatchObject({ ok: true })
  host.cache.clear()
  await node[Symbol.asyncDispose]()
  const denied = (await admin.call('ACL', 'LOG')) as unknown[]
  expect(denied.map((each) => (each as string[])[7])).toEqual([])
})

it.each(['+hsetnx', '+info', '+eval', '+set'])(
  'without %s the node does not start, and says which permission is missing',
  async (command) => {
    await aclUser('less', [...rules, command.replace('+', '-')])
    const opening = open('less')
    await expect(opening).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:\d+ denies a permission: .*\. The ACL that suffices is in docs\/operations\.md\.$/,
    )
  },
)

it('the same holds for an ACL for other keys', async () => {
  await aclUser(
    'elsewhere',
    rules.map((rule) => (rule === '~tb:*' ? '~other:*' : rule)),
  )
  await expect(open('elsewhere')).rejects.toThrow(/denies a permission: .*keys/)
})
