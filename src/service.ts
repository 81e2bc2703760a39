import type { Logger } from 'pino'
import type { Tokenbus } from './api.ts'
import type { Audit } from './audit.ts'
import { createEventFeed } from './bus/event-feed.ts'
import { createHistory } from './bus/history.ts'
import { listen } from './bus/listen.ts'
import { watchRevocations } from './bus/revocations.ts'
import { newestLevelName, sealingKey, writeLevelName } from './bus/subjects.ts'
import type { Config } from './config.ts'
import { createConsent, redirectUriOf } from './consent/consent.ts'
import { createRedirectUrls } from './consent/redirect-urls.ts'
import { startCore } from './core.ts'
import { describeConfig } from './describe-config.ts'
import { createAccountAdmin } from './host/account-admin.ts'
import { createApiTokenAdmin } from './host/api-token-admin.ts'
import { createApiTokens } from './host/api-tokens.ts'
import { createAppAdmin } from './host/app-admin.ts'
import { createAppVerification } from './host/app-verification.ts'
import { createDeadEvents } from './host/dead-events.ts'
import { createKeyRotation } from './host/key-rotation.ts'
import { readCachedFrom } from './host/read-cached.ts'
import { createReadiness } from './host/readiness.ts'
import { createUpgrade } from './host/upgrade.ts'
import { startHttp } from './http/server.ts'
import { patchedPut, toAppConfig } from './provider/app-config.ts'
import { createHttp } from './provider/http.ts'
import { StorageUnavailable } from './redis/storage-unavailable.ts'
import { newestLevel } from './redis/write-level.ts'
import type { AppPut } from './schemas.ts'
import { createKeySets } from './security-events/key-sets.ts'
import { createReceiveEvents } from './security-events/receive.ts'
import { StartError } from './start-error.ts'
import { createStopSteps, type StopStep } from './stop-steps.ts'
import { realTimers } from './timers.ts'
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

/** One node: everything started in the order it depends on, stopped in reverse. Rejects with `StartError`. */
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

/** Milliseconds for the requests under way. */
const answeredWithin = 5_000

interface Starting extends ServiceOptions {
  stop(): Promise<void>
  onStop(step: StopStep): void
}

async function start({ config, logger, audit, stop, onStop }: Starting): Promise<Service> {
  const { partitions, allowPrivateEndpoints: allowPrivate } = config
  logger.info(describeConfig(config), 'configuration')
  // Ends last: requests are answered, and audited, while the rest stops.
  onStop({ part: 'audit', stop: audit.close })
  const core = await startCore({ config, logger, onStop })
  const { clock, storage, nats, jetStream, provider, facts, metrics, host, watch } = core
  const { records, fingerprint } = storage

  const accountAdmin = createAccountAdmin({
    ...host,
    records,
    clock,
    provider,
    fingerprint,
    logger,
    history: createHistory({ nats: jetStream, logger }),
  })
  const appSettings = {
    apps: host.apps,
    configOf: (app: string, put: AppPut) => toAppConfig({ app, put, allowPrivate }),
    putOf: patchedPut,
  }
  let leaving = false
  let listeningUrl = ''
  const publicUrl = () => config.publicUrl ?? listeningUrl
  const apiTokens = createApiTokens({ store: storage.apiTokens, clock })
  const revocations = await watchRevocations({ nats, onRevoked: apiTokens.forget })
  onStop({ part: 'revocations', stop: revocations.stop })
  const apiTokenAdmin = createApiTokenAdmin({
    store: storage.apiTokens,
    clock,
    announceRevoked: revocations.announce,
  })
  const tokenbus: Tokenbus = {
    getToken: host.reads.get,
    rejectToken: host.reads.reject,
    ...accountAdmin,
    ...createAppAdmin({ ...appSettings, records, clock, provider }),
    ...createAppVerification({
      ...host,
      ...appSettings,
      provider,
      clock,
      redirectUri: () => redirectUriOf(publicUrl()),
    }),
    ...apiTokenAdmin,
    ...createKeyRotation({ ...host, ...storage, partitions }),
    ...createDeadEvents({ records, partitions }),
    ...createUpgrade({ ...host, ...storage, partitions }),
  }
  const listening = await listen({
    nats,
    tokenbus,
    version,
    logger,
    audit,
    replyPrefixes: config.replyPrefixes,
    callerRate: config.callerRate,
    onRefused: metrics.requestRefused,
    metadata: {
      [sealingKey]: storage.sealer.keyIds[0] as string,
      [newestLevelName]: String(newestLevel),
      get [writeLevelName]() {
        return String(storage.level.written())
      },
    },
    readCached: readCachedFrom(host.cache),
  })
  onStop({ part: 'requests over NATS', within: answeredWithin, stop: listening.stop })
  const consent = createConsent({
    tokenbus,
    apps: host.apps,
    accounts: host.accounts,
    provider,
    pending: storage.pendingConsents,
    publicUrl,
    redirectUrls: createRedirectUrls({
      origins: config.redirectOrigins,
      ownOrigin: () => new URL(publicUrl()).origin,
      allowLoopback: config.mode === 'dev',
    }),
  })
  const feed = createEventFeed({ nats, logger })
  const keysHttp = createHttp({ allowPrivate })
  onStop({ part: 'key sets', stop: keysHttp.close })
  const http = await startHttp({
    ...config.http,
    enableTokenApi: config.enableTokenApi,
    readCached: (account) => host.cache.read(account, null),
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
  return {
    httpUrl: http.url,
    tokenbus,
    adoptAdminToken: (token) => apiTokenAdmin.adopt(token, { name: 'admin', scopes: ['admin'] }),
    async stop() {
      // Whoever spreads requests over the nodes hears that this one goes before it is gone.
      leaving = true
      await realTimers.delay(config.leaveAfter)
      await stop()
    },
  }
}
