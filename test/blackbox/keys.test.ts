import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { startFaultProvider } from '../support/fault-provider.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'

const accounts = 300
const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const [old, fresh] = [key('old'), key('fresh')]

/** How many sealed texts of each key there are in Redis. */
async function sealedWith(url: string): Promise<Record<string, number>> {
  const redis = new Redis(url)
  const counts: Record<string, number> = {}
  for await (const names of redis.scanStream({ match: 'tb:*', count: 1_000, type: 'hash' })) {
    for (const name of names as string[]) {
      for (const value of Object.values(await redis.hgetall(name))) {
        const [, id] = /^1\.(\w+)\.\d+\.[\w-]+\.[\w-]+$/.exec(value) ?? []
        if (id !== undefined) counts[id] = (counts[id] ?? 0) + 1
      }
    }
  }
  redis.disconnect()
  return counts
}

/** Requests tokens continuously, every third with a forced refresh, until it is stopped. */
function keepAsking({ nats }: Cluster) {
  const refused: unknown[] = []
  let asked = 0
  let stopped = false
  const asking = (async () => {
    while (!stopped && !nats.isClosed()) {
      // What a killed node had in hand is asked again, as every client does.
      const want = JSON.stringify({ forceRefresh: asked % 3 === 0 })
      const reply = await nats
        .request(`token.get.account-${asked % accounts}`, want, { timeout: 6_000 })
        .catch(() => undefined)
      if (reply === undefined) continue
      if (reply.headers?.has('Nats-Service-Error')) refused.push(reply.json())
      asked++
    }
  })()
  return {
    async stop() {
      stopped = true
      await asking
      return { refused, asked }
    },
  }
}

it('a key rotation runs while tokens are served and refreshed, and continues after it was killed', async () => {
  await using cluster = await startCluster()
  await using provider = await startFaultProvider()
  const { natsServer, redisServer, request } = cluster
  const env = (keys: string) => ({ TOKENBUS_KEYS: keys, TOKENBUS_LOG_LEVEL: 'info' })
  const first = await cluster.startNode(env(old))
  await request('app.put.app', {
    provider: 'oidc',
    clientId: 'c',
    clientSecret: 's',
    tokenUrl: provider.tokenUrl,
    rotation: 'strict',
  })
  const names = Array.from({ length: accounts }, (_, i) => `account-${i}`)
  const expires = new Date(Date.now() + 3_600_000).toISOString()
  for (const name of names) {
    const refreshToken = provider.grant(name, 'strict')
    await request(`account.put.${name}`, { app: 'app', user: name, accessToken: name, expires, refreshToken })
  }
  const before = (await sealedWith(redisServer.url)).old ?? 0
  expect(before).toBeGreaterThan(accounts)

  // The new key goes first on every node; the old one still opens.
  await cluster.startNode(env(`${fresh},${old}`))
  const rotate = () => startTokenbus(['keys', 'rotate'], { TOKENBUS_NATS_URL: natsServer.url })
  const tooSoon = rotate()
  expect(await tooSoon.ended).toBe(1)
  expect(tooSoon.output()).toMatch(
    /Nodes encrypt with different keys \(1 with (old, 1 with fresh|fresh, 1 with old)\)/,
  )
  await first.stop()
  const victim = await cluster.startNode(env(`${fresh},${old}`))

  const asking = keepAsking(cluster)
  const killed = rotate()
  await killed.says(/ % {2}\d+ checked/)
  killed.signal('SIGKILL')
  victim.signal('SIGKILL')
  await killed.ended
  expect(killed.output()).not.toContain('No longer needed')

  const again = rotate()
  expect(await again.ended).toBe(0)
  expect(again.output()).toContain(
    'Everything is encrypted with fresh. No longer needed in TOKENBUS_KEYS: old.',
  )
  const { refused, asked } = await asking.stop()
  expect(refused).toEqual([])
  expect(asked).toBeGreaterThan(0)
  const { fresh: resealed = 0, ...others } = await sealedWith(redisServer.url)
  expect(others).toEqual({})
  expect(resealed).toBeGreaterThanOrEqual(before)

  await cluster.startNode(env(fresh))
  expect(await request('token.get.account-7', { forceRefresh: true })).toMatchObject({ account: 'account-7' })
  expect(names.filter((name) => !provider.truth(name).alive)).toEqual([])
})
