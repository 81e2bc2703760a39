import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Tokenbus } from './api.ts'
import type { Audit } from './audit.ts'
import { connectNats } from './bus/connect.ts'
import { createEventFeed } from './bus/event-feed.ts'
import { createHistory } from './bus/history.ts'
import { watchInvalidations } from './bus/invalidations.ts'
import { listen } from './bus/listen.ts'
import { createPublisher } from './bus/publisher.ts'
import { watchRevocations } from './bus/revocations.ts'
import { ensureStreams } from './bus/streams.ts'
import { sealingKey } from './bus/subjects.ts'
import type { Config } from './config.ts'
import { createConsent, redirectUriOf } from './consent/consent.ts'
import { createRedirectUrls } from './consent/redirect-urls.ts'
import { createAccountAdmin } from './host/account-admin.ts'
import { createApiTokenAdmin } from './host/api-token-admin.ts'
import { createApiTokens } from './host/api-tokens.ts'
import { createAppAdmin } from './host/app-admin.ts'
import { createAppVerification } from './host/app-verification.ts'
import { createClusterClock } from './host/cluster-clock.ts'
import { createClusterFacts } from './host/cluster-facts.ts'
import { createHost } from './host/host.ts'
import { createKeyRotation } from './host/key-rotation.ts'
import { readCachedFrom } from './host/read-cached.ts'
import { createReadiness } from './host/readiness.ts'
import { createSpool } from './host/spool.ts'
import { startHttp } from './http/server.ts'
import { createMetrics } from './metrics/metrics.ts'
import { toAppConfig, toAppPut } from './provider/app-config.ts'
import { createHttp } from './provider/http.ts'
import { createProvider } from './provider/provider.ts'
import { openStorage } from './redis/storage.ts'
import type { AppPut } from './schemas.ts'
import { createKeySets } from './security-events/key-sets.ts'
import { createReceiveEvents } from './security-events/receive.ts'
import { version } from './version.ts'

export interface ServiceOptions {
  readonly config: Config
  readonly logger: Logger
  readonly audit: Audit
}

export interface Service {
  readonly httpUrl: string
  readonly tokenbus: Tokenbus
  /** Accepts an API token made elsewhere, with scope `admin`. */
  adoptAdminToken(token: string): Promise<void>
  stop(): Promise<void>
}

/** Longer than the longest answer is waited for, shorter than the grace period orchestrators are told of. */
const drainWithin = 80_000
const disconnectWithin = 5_000

/** One node: everything started in the order it depends on, stopped in reverse. Rejects with `StartError`. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { logger } = options
  const started: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const undo of started.splice(0).reverse()) {
      await undo().catch((error) => logger.warn({ err: error }, 'a part did not stop cleanly'))
    }
  }
  try {
    return await start({ ...options, stop, onStop: (undo) => started.push(undo) })
  } catch (error) {
    await stop()
    throw error
  }
}

interface Starting extends ServiceOptions {
  stop(): Promise<void>
  onStop(undo: () => Promise<void>): void
}

async function start({ config, logger, audit, stop, onStop }: Starting): Promise<Service> {
  const { dataDir, partitions, allowPrivateEndpoints: allowPrivate } = config
  const clock = createClusterClock()
  const storage = await openStorage({
    url: config.redisUrl as string,
    keys: config.keys as string,
    partitions,
    logger,
  })
  onStop(storage.close)

  const nats = await connectNats({
    url: config.natsUrl as string,
    ...(config.natsCreds && { creds: config.natsCreds }),
    name: `tokenbus ${hostname()}`,
    logger,
  })
  onStop(() => within(disconnectWithin, nats.drain()))
  await ensureStreams({ nats, logger, ...(config.streamReplicas && { replicas: config.streamReplicas }) })

  const provider = createProvider({ allowPrivate, logger })
  onStop(provider.close)
  const publisher = createPublisher({ nats, source: `tokenbus/${hostname()}` })
  onStop(async () => publisher.stop())
  const { records, fingerprint } = storage
  const spool = createSpool({ directory: join(dataDir, 'spool') })
  const facts = createClusterFacts({ records, clock })
  const metrics = createMetrics({ facts })
  const { observer } = metrics
  const host = createHost({ ...storage, publisher, provider, clock, partitions, spool, logger, observer })
  const { heldAnswers, outbox, waker, attempts, cache } = host

  // What a node that died had in hand goes first: nothing may spend the tokens these answers replaced.
  const spooled = await heldAnswers.storeSpooled()
  if (spooled > 0) logger.info({ answers: spooled }, 'answers from the spool stored')

  const watch = await watchInvalidations({
    nats,
    onChange: host.changed,
    onDown: cache.suspend,
    onUp: cache.resume,
    logger,
  })
  onStop(async () => watch.stop())
  outbox.start()
  onStop(outbox.stop)
  storage.onReconnect(host.storageBack)
  onStop(() => {
    heldAnswers.relent()
    return within(drainWithin, attempts.drained())
  })
  waker.start()
  onStop(waker.stop)

  const accountAdmin = createAccountAdmin({
    ...host,
    records,
    provider,
    fingerprint,
    logger,
    history: createHistory({ nats }),
  })
  const appSettings = {
    apps: host.apps,
    configOf: (app: string, put: AppPut) => toAppConfig({ app, put, allowPrivate }),
    putOf: toAppPut,
  }
  let listeningUrl = ''
  const publicUrl = () => config.publicUrl ?? listeningUrl
  const apiTokens = createApiTokens({ store: storage.apiTokens, clock })
  const revocations = await watchRevocations({ nats, onRevoked: apiTokens.forget })
  onStop(async () => revocations.stop())
  const apiTokenAdmin = createApiTokenAdmin({
    store: storage.apiTokens,
    clock,
    announceRevoked: revocations.announce,
  })
  const tokenbus: Tokenbus = {
    getToken: host.reads.get,
    rejectToken: host.reads.reject,
    ...accountAdmin,
    ...createAppAdmin({ ...appSettings, records }),
    ...createAppVerification({
      ...host,
      ...appSettings,
      provider,
      clock,
      redirectUri: () => redirectUriOf(publicUrl()),
    }),
    ...apiTokenAdmin,
    ...createKeyRotation({ ...host, ...storage, partitions }),
  }
  const listening = await listen({
    nats,
    tokenbus,
    version,
    logger,
    metadata: { [sealingKey]: storage.sealer.keyIds[0] as string },
    readCached: readCachedFrom(cache),
  })
  onStop(() => within(drainWithin, listening.stop()))
  onStop(async () => audit.flush())
  const consent = createConsent({
    tokenbus,
    apps: host.apps,
    provider,
    pending: storage.pendingConsents,
    sealer: storage.sealer,
    publicUrl,
    redirectUrls: createRedirectUrls({
      origins: config.redirectOrigins,
      ownOrigin: () => new URL(publicUrl()).origin,
      allowLoopback: config.mode === 'dev',
    }),
  })
  const feed = createEventFeed({ nats, logger })
  const keysHttp = createHttp({ allowPrivate })
  onStop(keysHttp.close)
  const http = await startHttp({
    ...config.http,
    enableTokenApi: config.enableTokenApi,
    readCached: (account) => cache.read(account, null),
    audit,
    consent,
    feed,
    publicUrl,
    counts: records.countByState,
    tokenbus,
    apiTokens,
    version,
    logger,
    receiveEvents: createReceiveEvents({
      ...host,
      records,
      seenEvents: storage.seenEvents,
      keySets: createKeySets({ http: keysHttp, allowPrivate }),
      clock,
      logger,
    }),
    metrics,
    readiness: createReadiness({
      facts,
      missing: () => [
        ...(storage.connected() ? [] : ['redis']),
        ...(nats.isClosed() || !watch.connected() ? ['nats'] : []),
      ],
    }),
  })
  listeningUrl = http.url
  onStop(http.stop)
  return {
    httpUrl: http.url,
    tokenbus,
    adoptAdminToken: (token) => apiTokenAdmin.adopt(token, { name: 'admin', scopes: ['admin'] }),
    stop,
  }
}

async function within(milliseconds: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}
