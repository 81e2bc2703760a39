import {
  type Acceptance,
  isNewAcceptance,
  type ProbeCandidate,
  type RefusedEndpoint,
  refusedAt,
} from '../../machines/index.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Refusal } from '../provider/classified.ts'
import { presetOf } from '../provider/presets.ts'
import type { Params } from '../provider/url-params.ts'
import type { ClientEvidence } from './client-evidence.ts'
import type { ProviderLimits } from './provider-limits.ts'
import { resolveApp } from './resolve-app.ts'

export interface AppCircuitOptions {
  readonly apps: Apps
  readonly clock: ClusterClock
  readonly limits: Pick<ProviderLimits, 'set'>
}

export interface AppCircuit {
  /** The app with its URLs filled in with `params`, after applying its limits. */
  look(id: string, params: Params): Promise<App>
  applyLimits(app: App): void
  /** Reports a refusal, and returns the app afterwards. */
  reportRejected(id: string, evidence: ClientEvidence): Promise<App>
  /** The same for an endpoint with URL parameters of the account. */
  reportEndpointRefused(
    app: App,
    refusal: Pick<RefusedEndpoint, 'error'> & { readonly grant: string },
  ): Promise<App>
  /** True if this attempt is the probe of an endpoint that refuses the client. */
  mayProbeEndpoint(app: App, attempt: string): Promise<boolean>
  /** Reports a success only if it is new evidence, so that ordinary ones cost no save. */
  reportAccepted(app: App, accepted: Acceptance): Promise<void>
  /** Asks to become the probe; returns the app afterwards. */
  requestProbe(id: string, candidate: Omit<ProbeCandidate, 'at'>): Promise<App>
  /** Unsent attempts wait until a refusal has been processed by the app. */
  isRefusalPending(id: string, attempt: string): boolean
  reportThrottled(app: string, refusal: Refusal): Promise<void>
}

const throttleWithoutRetryAfter = 5_000

/** The circuit breaker of apps as seen by this node's attempts. */
export function createAppCircuit({ apps, clock, limits }: AppCircuitOptions): AppCircuit {
  /** Apps with a refusal that is being processed, and its grant. */
  const pendingRefusals = new Map<string, string>()

  /** The app's configured limit, or the known limits of the provider. */
  function applyLimits({ config, context }: App): void {
    if (config === null) return
    const { concurrency } = config
    const configured = concurrency && { concurrency, perSecond: Number.POSITIVE_INFINITY }
    limits.set(context.app, configured || presetOf(config).caps)
  }

  async function reportRejected(id: string, evidence: ClientEvidence): Promise<App> {
    if (!pendingRefusals.has(id)) pendingRefusals.set(id, evidence.attempt)
    try {
      return (await apps.report(id, { type: 'client.rejected', ...evidence })).app
    } finally {
      if (pendingRefusals.get(id) === evidence.attempt) pendingRefusals.delete(id)
    }
  }

  return {
    reportRejected,
    async reportEndpointRefused({ context, config, endpoint }, refusal) {
      const { app } = await apps.report(context.app, { type: 'endpoint.refused', endpoint, ...refusal })
      return { ...app, config, endpoint }
    },
    async mayProbeEndpoint({ context, endpoint }, attempt) {
      const known = refusedAt(context, endpoint)
      if (known === null || known.probe === attempt) return true
      if (clock.now() < known.probeAt) return false
      const { app } = await apps.report(context.app, { type: 'endpoint.probed', endpoint, attempt })
      return refusedAt(app.context, endpoint)?.probe === attempt
    },
    async reportAccepted({ state, context }: App, accepted: Acceptance): Promise<void> {
      const { endpoint } = accepted.sent
      if (state === 'secret-expired' || isNewAcceptance(context, accepted))
        await apps.report(context.app, { type: 'client.accepted', ...accepted })
      if (refusedAt(context, endpoint) !== null)
        await apps.report(context.app, { type: 'endpoint.accepted', endpoint })
    },
    async requestProbe(id: string, candidate: Omit<ProbeCandidate, 'at'>): Promise<App> {
      return (await apps.report(id, { type: 'client.questioned', ...candidate })).app
    },
    applyLimits,
    async look(id, params): Promise<App> {
      const app = await apps.look(id)
      applyLimits(app)
      return resolveApp(app, params)
    },
    isRefusalPending(id: string, attempt: string): boolean {
      return (pendingRefusals.get(id) ?? attempt) !== attempt
    },
    async reportThrottled(app: string, { providerError, retryAfter }: Refusal): Promise<void> {
      if (providerError.status !== 429) return
      const wait = retryAfter === undefined ? throttleWithoutRetryAfter : retryAfter * 1_000
      await apps.report(app, { type: 'provider.throttled', until: clock.now() + wait })
    },
  }
}
