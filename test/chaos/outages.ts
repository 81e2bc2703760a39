import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type FaultProvider, startFaultProvider } from '../support/fault-provider.ts'
import { type Nodes, startNodes } from '../support/nodes.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { connectAll } from './connect-all.ts'
import { judge } from './judge.ts'
import { brokenPromises, say } from './report.ts'

interface Surroundings {
  readonly toRedis: TcpProxy
  readonly toNats: TcpProxy
  readonly provider: FaultProvider
}

interface Outage {
  readonly name: string
  readonly seconds: number
  begin(parts: Surroundings): void
  end(parts: Surroundings): void
}

const away = (name: string, seconds: number, which: (parts: Surroundings) => TcpProxy[]): Outage => ({
  name,
  seconds,
  begin: (parts) => which(parts).forEach((proxy) => void proxy.refuse()),
  end: (parts) => which(parts).forEach((proxy) => void proxy.restore()),
})

const outages: Outage[] = [
  away('Redis', 20, ({ toRedis }) => [toRedis]),
  away('Redis', 60, ({ toRedis }) => [toRedis]),
  away('NATS', 20, ({ toNats }) => [toNats]),
  away('NATS', 60, ({ toNats }) => [toNats]),
  away('both', 20, ({ toRedis, toNats }) => [toRedis, toNats]),
  away('both', 60, ({ toRedis, toNats }) => [toRedis, toNats]),
  {
    name: 'provider',
    seconds: 60,
    begin: ({ provider }) => provider.behave('refuse'),
    end: ({ provider }) => provider.behave('well'),
  },
]

/** Requests tokens during the outage. Without NATS there is no reply. */
async function askThrough({ request }: Nodes, names: readonly string[], seconds: number) {
  const count = { served: 0, refused: 0, slowest: 0, 'refusals without retryAfter': 0 }
  const until = performance.now() + seconds * 1_000
  while (performance.now() < until) {
    const asked = performance.now()
    const name = names[Math.floor(Math.random() * names.length)] as string
    const reply = await request(`token.get.${name}`).catch(() => null)
    if (reply !== null) {
      if (reply.accessToken === undefined) count.refused++
      else count.served++
      if (reply.error && reply.retryAfter === undefined) count['refusals without retryAfter']++
      count.slowest = Math.max(count.slowest, Math.round(performance.now() - asked))
    }
    await delay(50)
  }
  return count
}

/** The most requests that the provider saw in any second since then. */
function busiestSecond({ requests }: FaultProvider, since: number): number {
  const seconds = new Map<number, number>()
  for (const at of requests) {
    const second = Math.floor(at / 1_000)
    if (at >= since) seconds.set(second, (seconds.get(second) ?? 0) + 1)
  }
  return Math.max(0, ...seconds.values())
}

async function live({ name, seconds, begin, end }: Outage, accounts: number): Promise<boolean> {
  await using nodes = await startNodes()
  await using provider = await startFaultProvider({ expiresIn: 30 })
  await using toRedis = await startProxy(nodes.redisServer)
  await using toNats = await startProxy(nodes.natsServer)
  const parts = { toRedis, toNats, provider }
  const behind = {
    TOKENBUS_REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
    TOKENBUS_NATS_URL: `nats://127.0.0.1:${toNats.port}`,
    TOKENBUS_LOG_LEVEL: 'info',
  }
  await Promise.all([nodes.startNode(behind), nodes.startNode(behind)])
  const names = await connectAll(nodes, provider, accounts)
  await askThrough(nodes, names, 30)
  const usual = busiestSecond(provider, Date.now() - 20_000)
  begin(parts)
  const asked = await askThrough(nodes, names, seconds)
  end(parts)
  const over = Date.now()
  await askThrough(nodes, names, 15)
  const afterwards = busiestSecond(provider, over)
  const findings = { ...(await judge({ nodes, provider, names, say })), ...asked }
  const { served, refused, slowest, ...promises } = findings
  const broken = brokenPromises(promises)
  say(
    `${`${name} ${seconds} s`.padEnd(16)}${findings.refreshes} refreshes, ${served} served, ${refused} refused meanwhile, ` +
      `slowest ${slowest} ms; requests in the busiest second: ${usual} before, ${afterwards} after; ` +
      (broken.length === 0 ? 'nothing lost' : JSON.stringify(Object.fromEntries(broken))),
  )
  return broken.length === 0
}

const { values } = parseArgs({
  options: { accounts: { type: 'string', default: '300' }, only: { type: 'string' } },
})
let whole = true
for (const outage of outages) {
  if (values.only !== undefined && values.only !== `${outage.name} ${outage.seconds}`) continue
  whole = (await live(outage, Number(values.accounts))) && whole
}
process.exit(whole ? 0 : 1)
