import {
  type Acceptance,
  type Asking,
  isNewAcceptance,
  type RefusedEndpoint,
  refusedAt,
} from '../../machines/index.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Refusal } from '../provider/classified.ts'
import { presetOf } from '../provider/presets.ts'
import type { Params } from '../provider/url-params.ts'
import type { Accused } from './accusation.ts'
import { filledApp } from './filled-app.ts'
import type { AppSlots } from './provider-limits.ts'

export interface AppReportsOptions {
  readonly apps: Apps
  readonly clock: ClusterClock
  readonly slots: Pick<AppSlots, 'allow'>
}

export interface AppReports {
  /** The app with its URLs filled in with `params`, after applying its limits. */
  look(id: string, params: Params): Promise<App>
  allow(app: App): void
  /** Reports a refusal, and returns the app afterwards. */
  tellRejected(id: string, told: Accused): Promise<App>
  /** Of an endpoint that the account has filled in; answers what the app makes of it. */
  tellRefusedThere(app: App, told: Pick<RefusedEndpoint, 'error'> & { readonly grant: string }): Promise<App>
  /** Is this attempt the one that looks whether an endpoint takes the client again? */
  mayProbeThere(app: App, attempt: string): Promise<boolean>
  /** Reports a success only if it is new evidence, so that ordinary ones cost no save. */
  tellAccepted(app: App, accepted: Acceptance): Promise<void>
  /** Asks to become the probe; returns the app afterwards. */
  question(id: string, asking: Omit<Asking, 'at'>): Promise<App>
  /** Unsent attempts wait until a refusal has been processed by the app. */
  isRefusedNow(id: string, attempt: string): boolean
  noteThrottle(app: string, refusal: Refusal): Promise<void>
}

const throttleWithoutRetryAfter = 5_000

/** The circuit breaker of apps as seen by this node's attempts. */
export function createAppReports({ apps, clock, slots }: AppReportsOptions): AppReports {
  /** Apps with a refusal that is being processed, and its grant. */
  const refusedNow = new Map<string, string>()

  /** The provider's limits as far as known, or the one set for the app. */
  function allow({ config, context }: App): void {
    if (config === null) return
    const { concurrency } = config
    const set = concurrency && { concurrency, perSecond: Number.POSITIVE_INFINITY }
    slots.allow(context.app, set || presetOf(config).caps)
  }

  async function tellRejected(id: string, told: Accused): Promise<App> {
    if (!refusedNow.has(id)) refusedNow.set(id, told.attempt)
    try {
      return (await apps.report(id, { type: 'client.rejected', ...told })).app
    } finally {
      if (refusedNow.get(id) === told.attempt) refusedNow.delete(id)
    }
  }

  return {
    tellRejected,
    async tellRefusedThere({ context, config, endpoint }, told) {
      const { app } = await apps.report(context.app, { type: 'endpoint.refused', endpoint, ...told })
      return { ...app, config, endpoint }
    },
    async mayProbeThere({ context, endpoint }, attempt) {
      const known = refusedAt(context, endpoint)
      if (known === null || known.probe === attempt) return true
      if (clock.now() < known.probeAt) return false
      const { app } = await apps.report(context.app, { type: 'endpoint.probed', endpoint, attempt })
      return refusedAt(app.context, endpoint)?.probe === attempt
    },
    async tellAccepted({ state, context }: App, accepted: Acceptance): Promise<void> {
      const { endpoint } = accepted.sent
      if (state === 'secret-expired' || isNewAcceptance(context, accepted))
        await apps.report(context.app, { type: 'client.accepted', ...accepted })
      if (refusedAt(context, endpoint) !== null)
        await apps.report(context.app, { type: 'endpoint.accepted', endpoint })
    },
    async question(id: string, asking: Omit<Asking, 'at'>): Promise<App> {
      return (await apps.report(id, { type: 'client.questioned', ...asking })).app
    },
    allow,
    async look(id, params): Promise<App> {
      const app = await apps.look(id)
      allow(app)
      return filledApp(app, params)
    },
    isRefusedNow(id: string, attempt: string): boolean {
      return (refusedNow.get(id) ?? attempt) !== attempt
    },
    async noteThrottle(app: string, { providerError, retryAfter }: Refusal): Promise<void> {
      if (providerError.status !== 429) return
      const wait = retryAfter === undefined ? throttleWithoutRetryAfter : retryAfter * 1_000
      await apps.report(app, { type: 'provider.throttled', until: clock.now() + wait })
    },
  }
}
