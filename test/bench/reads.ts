import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { startChild } from './child.ts'
import type { Bench, Finding } from './finding.ts'
import { inTurns, keepInFlight } from './in-turns.ts'
import { createRequester } from './requests.ts'

const valid = 1_000
const roundsOfMisses = 5
const missesPerRound = 1_000
const requests = 60_000

/** Tokens of a lifelike size, for accounts that never need their provider. */
export async function benchReads({ natsUrl, redisUrl }: Bench): Promise<Finding[]> {
  const requester = await createRequester(natsUrl)
  const { nats } = requester
  const ask = (subject: string, body: object) =>
    nats.request(subject, JSON.stringify(body), { timeout: 30_000 })
  await ask('app.put.reads', {
    provider: 'oidc',
    clientId: 'bench',
    clientSecret: 'bench',
    tokenUrl: 'http://127.0.0.1:9/token',
  })
  const put = (account: string) =>
    ask(`account.put.${account}`, {
      app: 'reads',
      user: `${account}@example.com`,
      accessToken: `at-${'x'.repeat(800)}`,
      refreshToken: `rt-${account}`,
      expires: new Date(Date.now() + 6 * 3_600_000).toISOString(),
      policy: 'lazy',
    })
  const missed = missesPerRound * (roundsOfMisses + 1)
  await keepInFlight({ count: valid, inFlight: 32 }, (i) => put(`valid${i}`))
  await keepInFlight({ count: missed, inFlight: 32 }, (i) => put(`missed${i}`))

  const reply = (await nats.request('token.get.valid0')).string()
  const key = keysOf(partitionOf('valid0', 64)).record({ kind: 'account', id: 'valid0' })
  await startChild(new URL('./floor.js', import.meta.url), { args: [natsUrl, redisUrl, key, reply] })

  let nextMiss = 0
  const cached = requester.contender('token.get', {
    count: requests,
    subject: (i) => `token.get.valid${i % valid}`,
  })
  const echo = requester.contender('echo', {
    count: requests,
    subject: (i) => `floor.echo.valid${i % valid}`,
  })
  const [read, floor] = await inTurns([cached, echo], { rounds: 7 })
  const miss = requester.contender('miss', {
    count: missesPerRound,
    subject: () => `token.get.missed${nextMiss++}`,
  })
  const hash = requester.contender('hgetall', {
    count: missesPerRound,
    subject: (i) => `floor.read.valid${i}`,
  })
  const [missedRead, hashFloor] = await inTurns([miss, hash], { rounds: roundsOfMisses })
  await requester.close()
  return [
    {
      what: 'token.get, from memory, 256 in flight',
      ...rate(read),
      floor: 'NATS echo of the same bytes',
      floorPerSecond: rate(floor).perSecond,
    },
    {
      what: 'token.get, not in memory',
      ...rate(missedRead),
      floor: 'HGETALL, then the echo',
      floorPerSecond: rate(hashFloor).perSecond,
    },
  ]
}

function rate(measured: { perSecond: number } | undefined): { perSecond: number } {
  return { perSecond: measured?.perSecond ?? 0 }
}
