import { Redis } from 'ioredis'
import pLimit from 'p-limit'
import { keysOf } from '../../src/redis/keys.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { type Call, type CountingProvider, startCountingProvider } from '../support/counting-provider.ts'
import { eventually } from '../support/eventually.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'

const nodesAtOnce = 3
const partitions = 64
const putsAtOnce = 48
const concurrency = 32

export interface ScaleOptions {
  readonly accounts: number
  /** Seconds from the first put to the expiry all tokens share. */
  readonly life: number
  say(line: string): void
}

interface Scale extends Omit<ScaleOptions, 'life'> {
  readonly cluster: Cluster
  readonly provider: CountingProvider
  readonly names: readonly string[]
  countOf(state: string): Promise<number>
}

/**
 * One app, many accounts, three nodes, and a provider that counts: tokens that expire together, a secret that expires,
 * the secret that replaces it, and all accounts connected again at once. Answers what must not be.
 */
export async function scale({ accounts, life, say }: ScaleOptions): Promise<string[]> {
  // What is counted here is requests; a disk that many share would make them wait for it.
  await using cluster = await startCluster({ appendfsync: 'everysec' })
  await using provider = await startCountingProvider()
  const redis = new Redis(cluster.redisServer.url)
  const nodes: TokenbusProcess[] = []
  while (nodes.length < nodesAtOnce) nodes.push(await cluster.startNode({ TOKENBUS_LOG_LEVEL: 'info' }))
  const scale: Scale = {
    accounts,
    say,
    cluster,
    provider,
    names: Array.from({ length: accounts }, (_, i) => `account-${i}`),
    async countOf(state) {
      const counts = Array.from({ length: partitions }, (_, p) => redis.zcard(keysOf(p).byState(state)))
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
    },
  }
  try {
    return [
      ...(await expireTogether(scale, life)),
      ...(await expireSecret(scale)),
      ...(await replaceSecret(scale)),
      ...(await connectAtOnce(scale)),
    ]
  } catch (error) {
    for (const node of nodes) for (const line of node.output().split('\n')) if (isError(line)) say(line)
    throw error
  } finally {
    redis.disconnect()
  }
}

const isError = (line: string) => line.includes('"level":50')

/** Long enough that none comes due again before all have been refreshed once. */
const nextLife = (life: number) => Math.ceil(life / 3)

async function expireTogether(scale: Scale, life: number): Promise<string[]> {
  const { cluster, provider, accounts, say } = scale
  provider.secrets.add('old')
  provider.behave({ latency: 20, expiresIn: nextLife(life) })
  await cluster.request('app.put.herd', {
    provider: 'oidc',
    clientId: 'client',
    clientSecret: 'old',
    tokenUrl: provider.tokenUrl,
    policy: 'eager',
    concurrency,
  })
  const began = Date.now()
  const expires = new Date(began + life * 1_000).toISOString()
  await putAll(scale, { accessToken: 'put', expires })
  say(`${accounts} accounts put in ${secondsSince(began)} s, their tokens all expire at ${life} s`)
  await reaches(() => refreshedBy(provider.calls), accounts, 2 * life * 1_000)
  const times = provider.calls.map(({ at }) => at)
  for (const line of histogram(times)) say(line)
  const first = Date.now() - (performance.now() - Math.min(...times)) - began
  say(`first refresh at ${Math.round((first / 1_000 / life) * 100)} % of the life`)
  return [...must('one refresh each', provider.ofAccounts().length, accounts)]
}

async function expireSecret({ provider, countOf, accounts, say }: Scale): Promise<string[]> {
  const before = provider.calls.length
  provider.behave({ latency: 200 })
  provider.secrets.clear()
  await reaches(() => countOf('secret-expired'), accounts, 1_200_000)
  const calls = provider.calls.slice(before)
  const beyond = provider.afterFirstRefusal(calls)
  say(
    `secret expired: ${accounts} accounts wait, for ${calls.length} calls, ${beyond} after the first refusal`,
  )
  return beyond > 3 ? [`${beyond} calls after the first refusal`] : []
}

async function replaceSecret({ cluster, provider, countOf, accounts, say }: Scale): Promise<string[]> {
  const before = provider.calls.length
  provider.behave({ latency: 20, expiresIn: 3_600 })
  provider.secrets.add('new')
  const began = Date.now()
  await cluster.request('app.secret.add.herd', { secret: 'new' })
  await reaches(() => countOf('valid'), accounts, 600_000)
  const calls = provider.ofAccounts(provider.calls.slice(before))
  say(`secret replaced: all valid after ${secondsSince(began)} s, for ${calls.length} calls`)
  for (const line of histogram(calls.map(({ at }) => at))) say(line)
  return [...must('one call each', calls.length, accounts), ...must('grants lost', provider.ended.size, 0)]
}

async function connectAtOnce(scale: Scale): Promise<string[]> {
  const { provider, accounts, say } = scale
  const before = provider.calls.length
  const began = Date.now()
  await putAll(scale, {})
  say(`${accounts} accounts connected again without a token in ${secondsSince(began)} s`)
  await reaches(() => refreshedBy(provider.calls.slice(before)), accounts, 600_000)
  const calls = provider.ofAccounts(provider.calls.slice(before))
  const most = Math.max(...calls.map(({ atOnce }) => atOnce))
  say(`all have one after ${secondsSince(began)} s, for ${calls.length} calls, ${most} at once at most`)
  const cap = nodesAtOnce * concurrency
  return [
    ...must('one call each', calls.length, accounts),
    ...(most > cap ? [`${most} at once, where ${cap} are allowed`] : []),
  ]
}

async function putAll({ cluster, provider, names }: Scale, token: object): Promise<void> {
  const limit = pLimit(putsAtOnce)
  const put = async (name: string) => {
    const refreshToken = provider.grant(name)
    const { error } = await cluster.request(`account.put.${name}`, {
      app: 'herd',
      user: name,
      refreshToken,
      ...token,
    })
    if (error !== undefined) throw new Error(`put of ${name}: ${error}`)
  }
  await Promise.all(names.map((name) => limit(put, name)))
}

function refreshedBy(calls: readonly Call[]): number {
  return new Set(calls.filter(({ outcome }) => outcome === 'tokens').map(({ account }) => account)).size
}

async function reaches(count: () => number | Promise<number>, wanted: number, within: number): Promise<void> {
  const check = async () => {
    const found = await count()
    if (found < wanted) throw new Error(`${found} of ${wanted}`)
  }
  await eventually(check, { within, every: 250 })
}

function histogram(times: readonly number[]): string[] {
  const [from, to] = [Math.min(...times), Math.max(...times)]
  const buckets = Array.from({ length: 10 }, () => 0)
  for (const time of times) {
    const bucket = Math.min(9, Math.floor(((time - from) / (to - from)) * 10))
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  const most = Math.max(...buckets)
  const width = (to - from) / 10_000
  return buckets.map((count, i) => {
    const bar = '#'.repeat(Math.round((count / most) * 50))
    return `  ${(i * width).toFixed(1).padStart(6)} s ${String(count).padStart(6)} ${bar}`
  })
}

function must(what: string, found: number, wanted: number): string[] {
  return found === wanted ? [] : [`${what}: ${found}, not ${wanted}`]
}

function secondsSince(began: number): string {
  return ((Date.now() - began) / 1_000).toFixed(1)
}
