import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { TokenApi } from '../admin/token-api.ts'
import type { ApiTokens } from '../admin/verify-api-token.ts'
import type { Audit } from '../common/audit.ts'
import { hostPort } from '../common/host-port.ts'
import { StartError } from '../common/start-error.ts'
import { createTokenBuckets, type TokenBuckets } from '../common/token-bucket.ts'
import { type Consent, redirectUriOf } from '../consent/consent.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { EventFeed } from '../events/event-feed.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ReceiveEvents } from '../security-events/receive.ts'
import { accountListRoute } from './account-list.ts'
import { accountRoutes } from './accounts.ts'
import { apiTokenRoutes } from './api-tokens.ts'
import { appRoutes } from './apps.ts'
import type { AtOnce } from './at-once.ts'
import { authenticate } from './authenticate.ts'
import { connectedPage } from './connected-page.ts'
import { consentFormRoute, consentPages } from './consent.ts'
import { docsRoutes } from './docs.ts'
import { emailEngineTokenRoutes } from './emailengine-tokens.ts'
import { answerErrors } from './errors.ts'
import { eventRoute, eventsOperation } from './events.ts'
import { hardenedServer } from './hardened-server.ts'
import { type Health, healthOperations, healthRoutes } from './health.ts'
import { metricsOperation, metricsRoute } from './metrics.ts'
import { type OauthTokenOptions, oauthTokenRoutes } from './oauth-token.ts'
import { type OauthTokenAtOnceOptions, oauthTokenAtOnce } from './oauth-token-at-once.ts'
import { overviewRoute } from './overview.ts'
import { pageRoutes } from './page.ts'
import { type ProviderRoutesOptions, providerRoutes } from './providers.ts'
import { operationOf, register } from './route.ts'
import { createOwnOrigin } from './same-origin.ts'
import { securityEventsOperation, securityEventsRoute } from './security-events.ts'
import { sessionRoutes } from './session.ts'
import { type StatsOptions, statsRoute } from './stats.ts'
import { tokenApiRoutes } from './token-api.ts'
import { createCallerAddress, createTrustProxy } from './trusted-proxies.ts'

export interface HttpOptions
  extends OauthTokenOptions,
    Pick<OauthTokenAtOnceOptions, 'readCached'>,
    Pick<ProviderRoutesOptions, 'catalogue'>,
    StatsOptions {
  readonly host: string
  readonly port: number
  readonly tokenbus: Tokenbus
  readonly tokenApi: TokenApi
  readonly audit: Audit
  readonly apiTokens: Pick<ApiTokens, 'verify'>
  readonly consent: Consent
  readonly feed: EventFeed
  /** The public URL, without a trailing slash. */
  readonly publicUrl: () => string
  readonly health: Health
  readonly trustedProxies: readonly string[]
  readonly basePath: string
  readonly leaving: () => boolean
  readonly metrics: Metrics
  readonly receiveEvents: ReceiveEvents
  /** Checks each reply against its schema before sending. */
  readonly checkReplies?: boolean
  readonly logger: Pick<Logger, 'error'>
}

/** The HTTP side: thin over `Tokenbus`, as NATS is. Rejects with `StartError`. */
export async function startHttp(options: HttpOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const { host, port } = options
  const limits = createTokenBuckets()
  const callerAddress = createCallerAddress(createTrustProxy(options.trustedProxies))
  const fromMemory = oauthTokenAtOnce({ ...options, limits, callerAddress })
  const atOnce: AtOnce = (request) => (options.tokenApi.enabled() ? fromMemory(request) : undefined)
  const server = hardenedServer({ ...options, atOnce })
  await addRoutes(server, { ...options, limits })
  try {
    // `[::]` is an address to listen on, not to connect to.
    const url = (await server.listen({ host, port })).replace('//[::]', '//[::1]')
    return { url, stop: () => server.close() }
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const why = taken ? 'is taken' : 'cannot be listened on'
    throw new StartError(
      `HTTP port ${hostPort(host, port)} ${why}; set TOKENBUS_HTTP_PORT to a free one (0 picks any).`,
      { cause },
    )
  }
}

/** Registers all routes. */
export async function addRoutes(
  server: FastifyInstance,
  { limits, ...options }: Omit<HttpOptions, 'host' | 'port'> & { limits: TokenBuckets },
): Promise<void> {
  const { apiTokens, consent, feed, publicUrl, health, metrics, version, logger } = options
  answerErrors(server, { logger, onFailed: metrics.requestFailed })
  const ownOrigin = createOwnOrigin(publicUrl)
  authenticate(server, { apiTokens, limits, ownOrigin })
  healthRoutes(server, health)
  metricsRoute(server, metrics, health)
  consentPages(server, consent, publicUrl)
  connectedPage(server)
  eventRoute(server, { feed, apiTokens })
  securityEventsRoute(server, options.receiveEvents)
  const signIns = createTokenBuckets()
  sessionRoutes(server, { apiTokens, limits: signIns, ownOrigin, publicUrl })
  tokenApiRoutes(server, { ...options, limits: signIns })
  await pageRoutes(server)
  const routes = [
    ...oauthTokenRoutes(options),
    consentFormRoute(options),
    overviewRoute(options),
    statsRoute(options),
    ...accountRoutes(options),
    accountListRoute(options),
    ...appRoutes(options),
    ...providerRoutes({ ...options, redirectUri: () => redirectUriOf(publicUrl()) }),
    ...apiTokenRoutes(options),
    ...emailEngineTokenRoutes(options),
  ]
  for (const each of routes) register(server, each, { checkReplies: options.checkReplies ?? false })
  const plain = [eventsOperation, securityEventsOperation, ...healthOperations, metricsOperation]
  docsRoutes(server, { operations: [...routes.map(operationOf), ...plain], version, publicUrl })
}
