import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import { createAccountAdmin } from '../../src/admin/accounts.ts'
import { createApiTokenAdmin } from '../../src/admin/api-tokens.ts'
import { createAppVerification } from '../../src/admin/app-verification.ts'
import { createAppAdmin } from '../../src/admin/apps.ts'
import { createDeadEvents } from '../../src/admin/dead-events.ts'
import { createKeyRotation } from '../../src/admin/key-rotation.ts'
import { createUpgrade } from '../../src/admin/upgrade.ts'
import { connectNats } from '../../src/bus/connect.ts'
import { type ClusterClock, createClusterClock } from '../../src/common/cluster-clock.ts'
import { type Observer, unobserved } from '../../src/common/observer.ts'
import { Secret } from '../../src/common/secret.ts'
import { realTimers } from '../../src/common/timers.ts'
import type { AppPut } from '../../src/contract/app.ts'
import { ok } from '../../src/contract/failures.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'
import { announceChanges, watchChanges } from '../../src/events/changes.ts'
import { createHistory } from '../../src/events/history.ts'
import { createPublisher } from '../../src/events/publisher.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { createHost, type Host } from '../../src/node/host.ts'
import { patchedPut, toAppConfig } from '../../src/provider/app-settings.ts'
import { createProvider, type Provider } from '../../src/provider/provider.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { createSpool } from '../../src/refresh/spool.ts'

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
  /** Called whenever an account's tokens are stored: what it throws is a fault of ours. */
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
  })
  await ensureStreams({ nats })
  const publisher = createPublisher({ nats, source: 'tokenbus/test' })
  const { revokeToken = async () => ok(undefined) } = options
  const provider = { refreshToken, revokeToken }
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
      seal(sealing) {
        if (sealing.slot === 'c') whileStoring?.()
        return storage.sealer.seal(sealing)
      },
    },
  })
  await host.heldAnswers.storeSpooled()
  const watch = await watchChanges({
    nats,
    onChange: host.changed,
    onDown: host.cache.suspend,
    onUp: host.cache.resume,
  })
  if (options.onlyAnnouncements) watch.oldNodesGone()
  storage.onReconnect(host.storageBack)
  storage.onLost(host.cache.clear)
  host.outbox.start()
  host.leftBehind.start()
  if (waker) host.waker.start()
  const { records, fingerprint } = storage
  const history = createHistory({ nats })
  const apiTokens = createApiTokenAdmin({ store: storage.apiTokens, clock, announceRevoked() {} })
  const appSettings = {
    apps: host.apps,
    configOf: (app: string, put: AppPut) => toAppConfig({ app, put, allowPrivate: true }),
    putOf: patchedPut,
  }
  const { resolveEndpoint } = createProvider({ allowPrivate: true })
  const tokenbus: Tokenbus = {
    ...apiTokens,
    ...createKeyRotation({ ...host, ...storage, partitions }),
    ...createDeadEvents({ records, partitions }),
    ...createUpgrade({ ...host, ...storage, partitions }),
    getToken: host.reads.get,
    rejectToken: host.reads.reject,
    ...createAccountAdmin({ ...host, records, clock, provider, fingerprint, logger, history }),
    ...createAppAdmin({ ...appSettings, records, clock, provider: { resolveEndpoint } }),
    ...createAppVerification({
      ...host,
      ...appSettings,
      provider: { refreshToken, resolveEndpoint },
      clock,
      redirectUri: () => 'http://127.0.0.1/oauth',
    }),
  }
  return {
    host,
    tokenbus,
    clock,
    storage,
    async [Symbol.asyncDispose]() {
      await host.waker.stop()
      host.heldAnswers.relent()
      await host.attempts.drained()
      await host.leftBehind.stop()
      await host.outbox.stop()
      watch.stop()
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
