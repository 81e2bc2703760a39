import { type AppError, isUnanswered } from '../../machines/index.ts'
import type { Refusal } from '../provider/classified.ts'
import { presets } from '../provider/presets.ts'
import type { AppSlots } from './app-slots.ts'
import type { App, Apps, ClientSecret } from './apps.ts'
import type { ClusterClock } from './cluster-clock.ts'

export interface AppReportsOptions {
  readonly apps: Apps
  readonly clock: ClusterClock
  readonly slots: Pick<AppSlots, 'allow'>
}

interface Believed {
  readonly client: ClientSecret | undefined
  readonly disbelieved: readonly Disbelieved[]
  readonly attempt: string
}

interface Rejected extends AppError {
  /** Null where no other secret would help. */
  readonly secret: string | null
  readonly attempt: string
}

/** A key whose assertion was refused. */
export interface Disbelieved {
  readonly id: string
  readonly refusal: Refusal
}

const throttleWithoutRetryAfter = 5_000

/** What the attempts of this node learn from their app, and what they have to tell it. */
export function createAppReports({ apps, clock, slots }: AppReportsOptions) {
  /** Apps that were refused here just now, and to whom. */
  const refusedNow = new Map<string, string>()

  /** The provider's caps as far as we know them, or the one the app's operator has set. */
  function allow({ config, context }: App): void {
    if (config === null) return
    const { provider, concurrency } = config
    const set = concurrency && { concurrency, perSecond: Number.POSITIVE_INFINITY }
    slots.allow(context.app, set || presets[provider].caps)
  }

  /** Answers what the app makes of it. */
  async function tellRejected(id: string, told: Rejected): Promise<App> {
    if (!refusedNow.has(id)) refusedNow.set(id, told.attempt)
    try {
      return (await apps.report(id, { type: 'client.rejected', ...told })).app
    } finally {
      if (refusedNow.get(id) === told.attempt) refusedNow.delete(id)
    }
  }

  async function tellAccepted({ state, context }: App, client: ClientSecret | undefined): Promise<void> {
    if (state !== 'secret-expired' && context.suspicion === null) return
    await apps.report(context.app, { type: 'client.accepted', secret: client?.id ?? null })
  }

  return {
    tellRejected,
    tellAccepted,
    /** Where other keys were refused before this one was believed, it was the keys. */
    async tellBelieved(app: App, { client, disbelieved, attempt }: Believed): Promise<void> {
      let told = app
      for (const { id, refusal } of disbelieved) {
        const { reason, action, providerError } = refusal
        told = await tellRejected(app.context.app, { secret: id, attempt, reason, action, providerError })
      }
      await tellAccepted(told, client)
    },
    allow,
    /** Right before sending. Where a question about the app was left unanswered, this attempt is to answer it. */
    async look(id: string, attempt: string): Promise<App> {
      const app = await apps.look(id)
      allow(app)
      if (!isUnanswered(app.context, { attempt, at: clock.now() })) return app
      return (await apps.report(id, { type: 'client.questioned', attempt })).app
    },
    /** What has not left yet waits to hear what the app makes of a refusal. */
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
