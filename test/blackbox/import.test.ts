import { expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { writeEmailEngine } from '../support/emailengine.ts'
import { startRedis } from '../support/redis.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'

const accounts = 300
const secret = 'import-me'

const hour = 3_600_000

/** Every fourth has run out; every twentieth is such a one, and has no refresh token either. */
function grantOf(index: number): Record<string, unknown> {
  const expires = new Date(Date.now() + (index % 4 === 0 ? -hour : hour)).toISOString()
  return {
    provider: 'mail-app',
    auth: { user: `user-${index}@example.com` },
    accessToken: `at-${index}`,
    ...(index % 20 !== 4 && { refreshToken: `rt-${index}` }),
    expires,
  }
}

const idOf = (index: number) => `user-${index}.of@example.com`

async function listed({ request }: Cluster): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  let cursor: string | undefined
  do {
    const page = await request('account.list', { limit: 250, ...(cursor && { cursor }) })
    for (const { account, generation } of page.accounts) found[account] = generation
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}

it('an import that was killed and repeated twice creates each account once', async () => {
  await using cluster = await startCluster()
  await using emailengine = await startRedis()
  await writeEmailEngine({
    url: emailengine.url,
    prefix: 'mail',
    secret,
    apps: { 'mail-app': { provider: 'gmail', clientId: 'cid', clientSecret: 'client secret' } },
    accounts: Object.fromEntries(Array.from({ length: accounts }, (_, i) => [idOf(i), grantOf(i)])),
  })
  await cluster.startNode()
  // Put by the operator first: nothing of this test may reach the real provider.
  await cluster.request('app.put.mail-app', {
    provider: 'oidc',
    clientId: 'cid',
    tokenUrl: 'http://127.0.0.1:1/token',
  })
  const start = () =>
    startTokenbus(
      [
        '--json',
        'import',
        'emailengine',
        '--redis',
        emailengine.url,
        '--prefix',
        'mail',
        '--secret',
        'env:EE',
        '--apply',
      ],
      { TOKENBUS_NATS_URL: cluster.natsServer.url, EE: secret },
    )
  const summaryOf = (output: string) => JSON.parse(output.trimEnd().split('\n').at(-1) as string).summary

  const killed = start()
  await killed.says(/"imported"[\s\S]{5000}/)
  killed.signal('SIGKILL')
  await killed.ended
  expect(killed.output()).not.toContain('summary')
  const half = Object.keys(await listed(cluster)).length
  expect(half).toBeGreaterThanOrEqual(50)
  expect(half).toBeLessThan(accounts)

  const again = start()
  expect(await again.ended).toBe(0)
  const { imported, unchanged, skipped } = summaryOf(again.output()).accounts
  expect({ skipped, all: imported + unchanged + skipped }).toEqual({ skipped: accounts / 20, all: accounts })
  expect(unchanged).toBeGreaterThanOrEqual(half)
  const afterwards = await listed(cluster)
  expect(Object.keys(afterwards)).toHaveLength(accounts - skipped)

  const third = start()
  expect(await third.ended).toBe(0)
  expect(summaryOf(third.output())).toEqual({
    applied: true,
    apps: { unchanged: 1 },
    accounts: { unchanged: accounts - skipped, skipped },
  })
  expect(await listed(cluster)).toEqual(afterwards)
  expect(new Set(Object.values(afterwards))).toEqual(new Set([1]))
  expect(await cluster.request('token.get.user-1%2Eof@example%2Ecom')).toMatchObject({ accessToken: 'at-1' })
})
