import { setTimeout as delay } from 'node:timers/promises'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { type FaultProvider, graceSeconds, startFaultProvider } from '../support/fault-provider.ts'

const rotations = ['none', 'keeps-old', 'grace', 'until-used', 'strict'] as const
const nodesAtOnce = 3

export interface ChaosOptions {
  readonly kills: number
  readonly accounts: number
  say(line: string): void
}

/** All but the first three must be 0. */
export interface ChaosFindings {
  readonly kills: number
  readonly refreshes: number
  /** Strict grants whose answer died with the node that should have had it: the provider says so too. */
  readonly interrupted: number
  readonly 'usable grants given up': number
  readonly 'dead grants taken for alive': number
  readonly 'tokens refused by the provider next': number
  readonly 'accounts not valid at the end, and not dead': number
  readonly 'events missing': number
  readonly 'events doubled': number
  readonly 'events out of order': number
}

/** Kills nodes at random while thousands of accounts refresh, then asks the provider and the streams for the truth. */
export async function chaos({ kills, accounts, say }: ChaosOptions): Promise<ChaosFindings> {
  await using cluster = await startCluster()
  await using provider = await startFaultProvider({ expiresIn: 12 })
  const names = Array.from({ length: accounts }, (_, i) => `${rotations[i % rotations.length]}-${i}`)
  const startNode = () => cluster.startNode({ TOKENBUS_LOG_LEVEL: 'info' })
  const nodes = await Promise.all(Array.from({ length: nodesAtOnce }, startNode))
  await connectAll(cluster, provider, names)
  for (let kill = 1; kill <= kills; kill++) {
    const victim = Math.floor(Math.random() * nodesAtOnce)
    await delay(Math.random() * 1_000)
    nodes[victim]?.signal('SIGKILL')
    await nodes[victim]?.ended
    nodes[victim] = await startNode()
    if (kill % 25 === 0) say(`${kill} kills, ${refreshesOf(provider, names)} refreshes`)
  }
  say('waiting for everything to settle')
  // Awaited here, while the cluster is still there.
  return await judge({ cluster, provider, names, kills })
}

async function connectAll(
  { request }: Cluster,
  provider: FaultProvider,
  names: readonly string[],
): Promise<void> {
  for (const rotation of rotations) {
    const app = {
      provider: 'oidc',
      clientId: 'c',
      clientSecret: 's',
      tokenUrl: provider.tokenUrl,
      policy: 'eager',
    }
    await request(`app.put.${rotation}`, { ...app, rotation, graceSeconds })
  }
  for (const name of names) {
    const rotation = rotations.find((each) => name.startsWith(`${each}-`)) as (typeof rotations)[number]
    await request(`account.put.${name}`, {
      app: rotation,
      user: name,
      refreshToken: provider.grant(name, rotation),
    })
  }
}

const refreshesOf = (provider: FaultProvider, names: readonly string[]) =>
  names.reduce((total, name) => total + provider.truth(name).calls, 0)

interface Judged {
  readonly cluster: Cluster
  readonly provider: FaultProvider
  readonly names: readonly string[]
  readonly kills: number
}

async function judge({ cluster, provider, names, kills }: Judged): Promise<ChaosFindings> {
  const { request } = cluster
  const count = { interrupted: 0, givenUp: 0, takenForAlive: 0, refused: 0, unsettled: 0 }
  for (const name of names) {
    const view = await eventually(
      async () => {
        const account = await request(`account.get.${name}`)
        if (account.state !== 'valid' && account.state !== 'revoked')
          throw new Error(`${name} is ${account.state}`)
        return account
      },
      { within: 60_000, every: 200 },
    ).catch(() => ({ state: 'unsettled', reason: '' }))
    const { alive } = provider.truth(name)
    if (view.state === 'unsettled') count.unsettled++
    if (view.state === 'revoked' && alive) count.givenUp++
    if (view.state === 'revoked' && !alive && view.reason === 'refresh_interrupted') count.interrupted++
    if (view.state !== 'valid') continue
    if (!alive) count.takenForAlive++
    const next = await request(`token.get.${name}`, { forceRefresh: true })
    if (next.error !== undefined) count.refused++
  }
  return {
    kills,
    refreshes: refreshesOf(provider, names),
    interrupted: count.interrupted,
    'usable grants given up': count.givenUp,
    'dead grants taken for alive': count.takenForAlive,
    'tokens refused by the provider next': count.refused,
    'accounts not valid at the end, and not dead': count.unsettled,
    ...(await judgeEvents(cluster)),
  }
}

/** Every version of every account once, in order, as far as the stream retains them. */
async function judgeEvents({ nats }: Cluster) {
  const jetStream = nats.jetstream()
  const manager = await nats.jetstreamManager()
  const { state } = await manager.streams.info('TOKENBUS_HISTORY')
  const last = new Map<string, number>()
  const count = { 'events missing': 0, 'events doubled': 0, 'events out of order': 0 }
  const consumer = await jetStream.consumers.get('TOKENBUS_HISTORY', {})
  for await (const message of await consumer.consume()) {
    const { account, version } = message.json<{ account: string; version: number }>()
    const before = last.get(account)
    if (before === version) count['events doubled']++
    else if (before !== undefined && version < before) count['events out of order']++
    else if (before !== undefined && version > before + 1) count['events missing']++
    last.set(account, Math.max(version, before ?? 0))
    if (message.seq >= state.last_seq) break
  }
  return count
}
