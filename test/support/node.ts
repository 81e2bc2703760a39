import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { connectNats } from '../../src/bus/connect.ts'
import { type ClusterClock, createClusterClock } from '../../src/common/cluster-clock.ts'
import { type Observer, unobserved } from '../../src/common/observer.ts'
import { Secret } from '../../src/common/secret.ts'
import type { StopStep } from '../../src/common/stop-steps.ts'
import { realTimers } from '../../src/common/timers.ts'
import { ok } from '../../src/contract/failures.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'
import { announceChanges, watchChanges } from '../../src/events/changes.ts'
import { createHistory } from '../../src/events/history.ts'
import { createPublisher } from '../../src/events/publisher.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { createHost, type Host } from '../../src/node/host.ts'
import { runHost } from '../../src/node/run-host.ts'
import { createTokenbus } from '../../src/node/tokenbus.ts'
import { createProvider, type Provider } from '../../src/provider/provider.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { createSpool } from '../../src/refresh/spool.ts'
import { checkedTokenbus } from './checked-tokenbus.ts'

export const testKeys = `test:${randomBytes(32).toString('base64')}`

export interface TestNode extends AsyncDisposable {
  readonly host: Host
  readonly tokenbus: Tokenbus
  readonly clock: ClusterClock
  readonly storage: Awaited<ReturnType<typeof openStorage>>
}

export interface TestNodeOptions {
  readonly natsUrl: string
  readonly redisUrl: string
  /** Stands where the network begins: a test decides what the provider answers. */
  readonly refreshToken: Provider['refreshToken']
  /** Confirms by default. */
  readonly revokeToken?: Provider['revokeToken']
  readonly keys?: string
  readonly dataDir?: string
  readonly partitions?: number
  /** How wrong the machine's own clock is, in milliseconds. */
  readonly ownClockAhead?: number
  /** Without it time passes only by the events a test sends. */
  readonly waker?: boolean
  /** All nodes announce their saves: their events are not listened to. */
  readonly onlyAnnouncements?: boolean
  readonly logger?: Logger
  readonly observer?: Partial<Observer>
  /** Called when tokens of an account are stored; an exception simulates an internal error. */
  readonly whileStoring?: () => void
  /** How often the link to NATS is tried, in milliseconds. */
  readonly pingInterval?: number
}

/** A node's inside, on real NATS and Redis. */
export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  const { natsUrl, redisUrl, refreshToken, keys = testKeys, partitions = 4, waker = true } = options
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'tokenbus-data-')))
  const { logger = pino({ level: 'silent' }), whileStoring } = options
  const { ownClockAhead = 0 } = options
  const clock = createClusterClock({ ...realTimers, wallClock: () => Date.now() + ownClockAhead })
  const storage = await openStorage({ url: redisUrl, keys, partitions, logger })
  const nats = await connectNats({
    url: natsUrl,
    name: 'test',
    logger,
    ...(options.pingInterval && { pingInterval: options.pingInterval }),
    connection: { noEcho: true },
  })
  await ensureStreams({ nats })
  const publisher = createPublisher({ nats, source: 'tokenbus/test' })
  const { revokeToken = async () => ok(undefined) } = options
  const provider = { refreshToken, revokeToken, checkUrls: async () => ok(undefined) }
  const spool = createSpool({ directory: join(dataDir, 'spool') })
  const host = createHost({
    announce: announceChanges({ nats }),
    ...storage,
    publisher,
    provider,
    clock,
    partitions,
    spool,
    logger,
    observer: { ...unobserved, ...options.observer },
    sealer: {
      ...storage.sealer,
      open: (opening) => storage.sealer.open(opening),
      seal(sealing) {
        if (sealing.slot === 'c') whileStoring?.()
        return storage.sealer.seal(sealing)
      },
    },
  })
  const stops: StopStep[] = []
  const watch = await runHost({
    host,
    storage,
    logger,
    waker,
    onStop: (step) => stops.push(step),
    watch: (listener) => watchChanges({ nats, ...listener }),
  })
  if (options.onlyAnnouncements) watch.oldNodesGone()
  const { resolveEndpoint, authorizeDevice, redeemDeviceCode } = createProvider({ allowPrivate: true })
  const { tokenbus } = createTokenbus({
    host,
    storage,
    provider: { ...provider, resolveEndpoint, authorizeDevice, redeemDeviceCode },
    clock,
    partitions,
    allowPrivate: true,
    history: createHistory({ nats }),
    logger,
    redirectUri: () => 'http://127.0.0.1/oauth',
    announceRevoked() {},
  })
  return {
    host,
    tokenbus: checkedTokenbus(tokenbus),
    clock,
    storage,
    async [Symbol.asyncDispose]() {
      for (const { stop } of stops.reverse()) await stop()
      publisher.stop()
      await nats.close()
      await storage.close()
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export const sandboxApp = {
  provider: 'oidc',
  clientId: 'client',
  clientSecret: new Secret('client-secret'),
  tokenUrl: 'http://127.0.0.1:1/token',
} as const
