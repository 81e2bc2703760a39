import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { runTokenbus } from '../cli/run-command.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, testKeys } from '../support/node.ts'
import { rowsIn, runExport } from './run-export.ts'

const engines = useEngines()
const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-export-'))
  await using node = await startTestNode({
    ...engines,
    waker: false,
    refreshToken: () => Promise.reject(new Error('nothing is refreshed here')),
  })
  const { tokenbus } = node
  await tokenbus.putApp('app', { ...sandboxApp })
  for (const id of ['fresh', 'tampered', 'ended', 'other']) {
    const tokens = {
      accessToken: new Secret(`at-${id}`),
      refreshToken: new Secret(`rt-${id}`),
      expires: inAnHour,
    }
    await tokenbus.putAccount(id, { app: 'app', user: `${id}@example.com`, ...tokens })
  }
  await tokenbus.putAccount('old', {
    app: 'app',
    user: 'old@example.com',
    refreshToken: new Secret('rt-old'),
  })
  await tokenbus.revokeAccount('ended', {})
  const redis = new Redis(engines.redisUrl)
  const key = keysOf(partitionOf('tampered', 4)).record({ kind: 'account', id: 'tampered' })
  const snapshot = (await redis.hget(key, 's')) as string
  await redis.hset(key, 's', snapshot.replace('tampered@', 'boss@'))
  redis.disconnect()
})
afterAll(() => rm(directory, { recursive: true, force: true }))

const exported = (sealedTo: 'rsa' | 'ec' | 'x25519', name: string, ...options: string[]) =>
  runExport({ ...engines, directory, name, sealedTo, options })

it.each(['rsa', 'ec', 'x25519'] as const)('is encrypted to a public key: %s', async (kind) => {
  const done = await exported(kind, `for-${kind}`)
  const text = done.out + done.err + (await readFile(done.path, 'utf8'))
  expect(text).not.toMatch(/[ar]t-(?:fresh|old)|client-secret/)
  expect((await rowsIn(done)).map(({ account, app }) => account ?? app).sort()).toEqual([
    'app',
    'fresh',
    'old',
    'other',
  ])
})

it('leaves out and reports tampered records and ended grants', async () => {
  const { code, lines } = await exported('ec', 'left-out')
  expect(code).toBe(1)
  const left = lines.filter(({ id }) => id).sort((one, other) => (one.id < other.id ? -1 : 1))
  expect(left).toEqual([
    {
      kind: 'account',
      id: 'ended',
      outcome: 'skipped',
      reason: expect.stringMatching(/its grant has ended/),
    },
    {
      kind: 'account',
      id: 'tampered',
      outcome: 'failed',
      reason: expect.stringMatching(/was changed in Redis/),
    },
  ])
})

it('is written in the formats of Nango and EmailEngine', async () => {
  const nango = await rowsIn(await exported('ec', 'nango', '--for', 'nango', '--name-app', 'app=google-mail'))
  expect(nango.find(({ connection_id }) => connection_id === 'fresh')).toEqual({
    connection_id: 'fresh',
    provider_config_key: 'google-mail',
    credentials: {
      type: 'OAUTH2',
      access_token: 'at-fresh',
      refresh_token: 'rt-fresh',
      expires_at: inAnHour,
    },
  })
  const emailengine = await rowsIn(await exported('ec', 'emailengine', '--for', 'emailengine'))
  expect(emailengine.find(({ account }) => account === 'old')).toEqual({
    account: 'old',
    name: 'old@example.com',
    email: 'old@example.com',
    oauth2: { provider: 'app', auth: { user: 'old@example.com' }, refreshToken: 'rt-old' },
  })
})

it('an export that is incomplete or assembled from several files is refused', async () => {
  const done = await exported('ec', 'whole')
  const lines = (await readFile(done.path, 'utf8')).trim().split('\n')
  const read = async (text: readonly string[]) => {
    await writeFile(`${done.path}-changed`, text.join('\n'))
    return rowsIn({ path: `${done.path}-changed`, identity: done.identity })
  }
  await expect(read(lines.slice(0, -1))).rejects.toThrow('is incomplete')
  await expect(read(lines.slice(1))).rejects.toThrow('left out, moved or added')
  await expect(read([lines[0] as string, ...lines])).rejects.toThrow('left out, moved or added')
  const damaged = `${(lines[0] as string).slice(0, -30)}AAAA${(lines[0] as string).slice(-26)}`
  await expect(read([damaged, ...lines.slice(1)])).rejects.toThrow('is damaged (line 1)')
})

it('an export never overwrites a file, and is never encrypted to a private key', async () => {
  const { path } = await exported('ec', 'there')
  expect(
    await runTokenbus(['export', path, '--recipient', `${path}.pem`], {
      env: {
        TOKENBUS_REDIS_URL: engines.redisUrl,
        TOKENBUS_KEYS: testKeys,
        TOKENBUS_NATS_URL: engines.natsUrl,
      },
    }),
  ).toMatchObject({ code: 2, err: expect.stringMatching(/exists already/) })
  await writeFile(
    `${path}.private`,
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )
  expect(await runTokenbus(['export', `${path}-2`, '--recipient', `${path}.private`])).toMatchObject({
    code: 2,
    err: expect.stringMatching(/private key/),
  })
})
