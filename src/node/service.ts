import type { Logger } from 'pino'
import { startTokenApi } from '../admin/token-api.ts'
import { createApiTokens } from '../admin/verify-api-token.ts'
import { listen } from '../bus/listen.ts'
import { newestLevelName, sealingKey, writeLevelName } from '../bus/subjects.ts'
import type { Audit } from '../common/audit.ts'
import { StartError } from '../common/start-error.ts'
import { createStopSteps, type StopStep } from '../common/stop-steps.ts'
import { realTimers } from '../common/timers.ts'
import { version } from '../common/version.ts'
import { createConsent, redirectUriOf } from '../consent/consent.ts'
import { createRedirectUrls } from '../consent/redirect-urls.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import { createEventFeed } from '../events/event-feed.ts'
import { createHistory } from '../events/history.ts'
import { watchRevocations } from '../events/revocations.ts'
import { basePathOf } from '../http/public-url.ts'
import { startHttp } from '../http/server.ts'
import { createReadiness } from '../metrics/readiness.ts'
import { openCatalogue } from '../provider/catalogue.ts'
import { createHttp } from '../provider/http.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import { newestLevel } from '../redis/write-level.ts'
import { createKeySets } from '../security-events/key-sets.ts'
import { createReceiveEvents } from '../security-events/receive.ts'
import { readCachedFrom } from '../tokens/cached-reply.ts'
import type { Config } from './config.ts'
import { startCore } from './core.ts'
import { describeConfig } from './describe-config.ts'
import { createTokenbus } from './tokenbus.ts'

export interface ServiceOptions {
  /** From `readConfig`. */
  readonly config: Config
  /** A pino logger; secrets are never logged. */
  readonly logger: Logger
  /** Receives a line for each token read. */
  readonly audit: Audit
}

/** A running node. */
export interface Service {
  /** The base URL of its HTTP API. */
  readonly httpUrl: string
  /** All requests, as NATS and HTTP answer them. */
  readonly tokenbus: Tokenbus
  /** Stores an API token created elsewhere, with scope `admin`. */
  adoptAdminToken(token: string): Promise<void>
  /** Answers requests in flight, then disconnects. Resolves once everything has ended. */
  stop(): Promise<void>
}

/**
 * One node: everything started in the order it depends on, stopped in reverse.
 *
 * @throws StartError where something it needs cannot be had
 * @example
 * ```ts
 * const service = await startService({ config: readConfig(process.env, 'serve'), logger, audit })
 * process.once('SIGTERM', () => service.stop())
 * ```
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { logger } = options
  const steps = createStopSteps(logger)
  try {
    return await start({ ...options, onStop: steps.add, stop: steps.run })
  } catch (error) {
    await steps.run()
    if (!(error instanceof StorageUnavailable)) throw error
    throw new StartError(`tokenbus cannot start: ${error.message}.`, { cause: error })
  }
}

/** Milliseconds for requests in flight. */
const answeredWithin = 5_000
/** As long as a provider may take to redeem a code. */
const redeemedWithin = 35_000

interface Starting extends ServiceOptions {
  stop(): Promise<void>
  onStop(step: StopStep): void
}

async function start({ config, logger, audit, stop, onStop }: Starting): Promise<Service> {
  const { partitions, allowPrivateEndpoints: allowPrivate } = config
  const catalogue = openCatalogue(config.catalogueDir)
  logger.info(describeConfig(config), 'configuration')
  // Stopped last, because requests are answered and audited while the rest stops.
  onStop({ part: 'audit', stop: audit.close })
  const core = await startCore({ config, logger, onStop })
  const { clock, storage, nats, jetStream, provider, facts, metrics, host, watch } = core
  const { records } = storage

  const tokenApi = await startTokenApi({
    store: storage.tokenApiSwitch,
    decided: config.enableTokenApi,
    clock,
    logger,
  })
  onStop({ part: 'the switch for tokens over HTTP', stop: tokenApi.stop })

  let leaving = false
  let listeningUrl = ''
  const publicUrl = () => config.publicUrl ?? listeningUrl
  const apiTokens = createApiTokens({ store: storage.apiTokens, clock })
  const revocations = await watchRevocations({ nats, onRevoked: apiTokens.forget })
  onStop({ part: 'revocations', stop: revocations.stop })
  const {
    tokenbus,
    apiTokens: apiTokenAdmin,
    device,
  } = createTokenbus({
    ...core,
    partitions,
    allowPrivate,
    catalogue,
    history: createHistory({ nats: jetStream, logger }),
    logger,
    redirectUri: () => redirectUriOf(publicUrl()),
    announceRevoked: revocations.announce,
  })
  device.start()
  onStop({ part: 'device authorizations', within: answeredWithin, stop: device.stop })
  const listening = await listen({
    nats,
    tokenbus,
    version,
    logger,
    audit,
    replyPrefixes: config.replyPrefixes,
    callerRate: config.callerRate,
    onRefused: metrics.requestRefused,
    onFailed: metrics.requestFailed,
    metadata: {
      [sealingKey]: storage.sealer.keyIds[0] as string,
      [newestLevelName]: String(newestLevel),
      get [writeLevelName]() {
        return String(storage.level.written())
      },
    },
    readCached: readCachedFrom(host.cache),
    checkReplies: config.checkReplies,
  })
  onStop({ part: 'requests over NATS', within: answeredWithin, stop: listening.stop })
  const consent = createConsent({
    tokenbus,
    apps: host.apps,
    accounts: host.accounts,
    provider,
    clock,
    timers: realTimers,
    logger,
    consentEnded: metrics.consentEnded,
    pending: storage.pendingConsents,
    publicUrl,
    redirectUrls: createRedirectUrls({
      origins: config.redirectOrigins,
      ownOrigin: () => new URL(publicUrl()).origin,
      allowLoopback: config.mode === 'dev',
    }),
  })
  const feed = createEventFeed({ nats, logger })
  const keysHttp = createHttp({ allowPrivate, proxies: config.proxies })
  onStop({ part: 'key sets', stop: keysHttp.close })
  const http = await startHttp({
    checkReplies: config.checkReplies,
    ...config.http,
    tokenApi,
    catalogue,
    trustedProxies: config.trustedProxies,
    basePath: basePathOf(config.publicUrl),
    readCached: (account) => host.cache.read(account, null),
    audit,
    consent,
    feed,
    publicUrl,
    counts: records.countByState,
    refreshCounts: core.refreshCounts,
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
    leaving: () => leaving,
    health: createReadiness({
      facts,
      flow: host.flow,
      lacks() {
        const why = storage.trouble()
        return [
          ...(leaving ? [{ part: 'stopping' as const }] : []),
          ...(why === null ? [] : [{ part: 'redis' as const, why }]),
          ...(nats.isClosed() || !watch.connected() ? [{ part: 'nats' as const }] : []),
        ]
      },
    }),
  })
  listeningUrl = http.url
  onStop({ part: 'HTTP', within: answeredWithin, stop: http.stop })
  // While HTTP still works, so that the browser gets the result.
  onStop({ part: 'consents', within: redeemedWithin, stop: consent.stop })
  return {
    httpUrl: http.url,
    tokenbus,
    adoptAdminToken: (token) => apiTokenAdmin.adopt(token, { name: 'admin', scopes: ['admin'] }),
    async stop() {
      // Load balancers see by /readyz that this node stops, before it stops listening.
      leaving = true
      await realTimers.delay(config.leaveAfter)
      await stop()
    },
  }
}
