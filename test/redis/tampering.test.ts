import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createApiTokens } from '../../src/host/api-tokens.ts'
import { Tampered } from '../../src/redis/integrity.ts'
import { keysOf, partitionOf, type Ref } from '../../src/redis/keys.ts'
import { Secret } from '../../src/secret.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { answered } from '../support/scripted-provider.ts'
import { getToken } from '../support/test-account.ts'

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

describe('whoever writes Redis without the sealing keys', () => {
  it('gets no API token accepted', async () => {
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

  it('gets no refresh token sent elsewhere, also of an app that has no secret', async () => {
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
    await getToken(node, 'alice')
    expect(sent).toEqual([])
  })

  it('gets no token of another person through a service account', async () => {
    const sent: Sent[] = []
    await using node = await startNode(sent)
    await node.tokenbus.putApp('service', { ...sandboxApp, grant: 'client_credentials' })
    await node.tokenbus.putAccount('robot', { app: 'service', user: 'robot@example.com' })
    await replaceIn(accountKey('robot'), 's', 'robot@example.com', 'boss@example.com')
    await expect(getToken(node, 'robot')).rejects.toThrow(Tampered)
    expect(sent).toEqual([])
  })
})
