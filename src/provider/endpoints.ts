import { LRUCache } from 'lru-cache'
import type * as oauth from 'oauth4webapi'
import type { Logger } from 'pino'
import { withTimeout } from '../common/with-timeout.ts'
import { causedBy, withValues } from '../contract/reasons.ts'
import type { AppConfig } from './app-config.ts'
import type { Refusal } from './classified.ts'
import { type Discovered, discover } from './discover.ts'
import type { Http } from './http.ts'
import { misconfigured, unsentRefusal } from './transport-refusal.ts'

export type Endpoint =
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'revocation_endpoint'
  | 'device_authorization_endpoint'
  | 'userinfo_endpoint'

export type Resolved =
  | { readonly ok: true; readonly server: oauth.AuthorizationServer; readonly url: URL }
  | { readonly ok: false; readonly refusal: Refusal }

export interface Endpoints {
  /** Never rejects; waits for a discovery at most `within` milliseconds. `bypassCache`: bypass the cache. */
  resolve(wanted: {
    config: AppConfig
    endpoint: Endpoint
    within: number
    bypassCache?: boolean
  }): Promise<Resolved>
}

export interface EndpointsOptions {
  readonly http: Http
  readonly allowPrivate: boolean
  readonly logger?: Pick<Logger, 'warn'>
  /** Milliseconds of a monotonic clock. */
  now?(): number
}

interface Known {
  readonly server: oauth.AuthorizationServer
  readonly at: number
}

const hour = 3_600_000
const retryStaleAfter = 60_000
const maxIssuers = 1_000

/** Resolves an app's endpoints from its settings, else by discovery, once an hour per issuer. */
export function createEndpoints({
  http,
  allowPrivate,
  logger,
  now = () => performance.now(),
}: EndpointsOptions): Endpoints {
  const known = new LRUCache<string, Known>({ max: maxIssuers })
  const inFlight = new Map<string, Promise<Discovered>>()

  function fetchOnce(issuer: string): Promise<Discovered> {
    const started = inFlight.get(issuer) ?? fetchMetadata(issuer).finally(() => inFlight.delete(issuer))
    inFlight.set(issuer, started)
    return started
  }

  async function fetchMetadata(issuer: string): Promise<Discovered> {
    const found = await discover({ http, issuer, allowPrivate })
    if (found.ok) known.set(issuer, { server: found.server, at: now() })
    else logger?.warn({ issuer, ...found.refusal.providerError }, 'discovery failed')
    return found
  }

  /** The known metadata stay in use while they are fetched again, and as long as that fails. */
  async function lookUp(issuer: string, within: number, bypassCache: boolean): Promise<Discovered> {
    const found = known.get(issuer)
    if (found === undefined || bypassCache)
      return withTimeout({ work: fetchOnce(issuer), milliseconds: within, onTimeout: tooLate })
    if (now() - found.at >= hour && !inFlight.has(issuer)) {
      known.set(issuer, { ...found, at: now() - hour + retryStaleAfter })
      void fetchOnce(issuer)
    }
    return { ok: true, server: found.server }
  }

  function answer(server: oauth.AuthorizationServer, endpoint: Endpoint): Resolved {
    const url = usableUrl(server[endpoint], allowPrivate)
    return url === undefined ? { ok: false, refusal: missing(endpoint) } : { ok: true, server, url }
  }

  return {
    async resolve({ config, endpoint, within, bypassCache = false }) {
      const explicit = explicitServer(config)
      if (explicit[endpoint] !== undefined) return answer(explicit, endpoint)
      if (config.issuer === undefined) return { ok: false, refusal: missing(endpoint) }
      const found = await lookUp(config.issuer, within, bypassCache)
      if (!found.ok) return found
      return answer({ ...found.server, ...explicit, issuer: found.server.issuer }, endpoint)
    },
  }
}

/** An app without an issuer uses its token endpoint in place of the issuer, which is not compared. */
function explicitServer(config: AppConfig): oauth.AuthorizationServer {
  const { issuer, authorizeUrl, tokenUrl, revocationUrl, deviceUrl } = config
  return {
    issuer: issuer ?? tokenUrl ?? '',
    ...(authorizeUrl !== undefined && { authorization_endpoint: authorizeUrl }),
    ...(tokenUrl !== undefined && { token_endpoint: tokenUrl }),
    ...(revocationUrl !== undefined && { revocation_endpoint: revocationUrl }),
    ...(deviceUrl !== undefined && { device_authorization_endpoint: deviceUrl }),
  }
}

function missing(endpoint: Endpoint): Refusal {
  return misconfigured({
    error: `no_${endpoint}`,
    cause: withValues(causedBy('misconfigured', 'noEndpoint'), { endpoint: endpoint.replaceAll('_', ' ') }),
  })
}

function usableUrl(text: unknown, allowPrivate: boolean): URL | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const usable = url.protocol === 'https:' || (allowPrivate && url.protocol === 'http:')
  return usable ? url : undefined
}

const tooLate = (): Discovered => ({ ok: false, refusal: unsentRefusal('connect_timeout') })
