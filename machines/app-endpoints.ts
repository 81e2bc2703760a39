import type { AppContext } from './app-context.ts'
import type { AppEvent } from './app-events.ts'
import { pauseAfter } from './app-rules.ts'
import type { RefusedEndpoint } from './refused-endpoint.ts'

type Change = Pick<AppContext, 'endpoints'>
type Event<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>

/** What is forgotten is learnt anew by two requests. */
const maxEndpoints = 32
const enoughGrants = 2

/** What is known of refusals of the client at this endpoint; null where there was none. */
export function refusedAt({ endpoints }: AppContext, endpoint: string): RefusedEndpoint | null {
  return endpoints.find((each) => each.endpoint === endpoint) ?? null
}

/** Two grants were refused there and none was accepted since: nobody else need ask. */
export function isDown(context: AppContext, endpoint: string): boolean {
  return (refusedAt(context, endpoint)?.grants.length ?? 0) >= enoughGrants
}

export function noteRefused(context: AppContext, event: Event<'endpoint.refused'>): Change {
  const { endpoint, grant, at, error } = event
  const known = refusedAt(context, endpoint)
  const grants = [...new Set([...(known?.grants ?? []), grant])].slice(0, enoughGrants)
  const fallsNow = grants.length === enoughGrants && !isDown(context, endpoint)
  const next: RefusedEndpoint = {
    probe: null,
    probes: 0,
    probeAt: 0,
    ...known,
    ...(fallsNow && { probeAt: at + pauseAfter(0) }),
    endpoint,
    grants,
    at,
    error,
  }
  const others = context.endpoints.filter((each) => each.endpoint !== endpoint)
  return { endpoints: [...others, next].slice(-maxEndpoints) }
}

export function noteAccepted({ endpoints }: AppContext, { endpoint }: Event<'endpoint.accepted'>): Change {
  return { endpoints: endpoints.filter((each) => each.endpoint !== endpoint) }
}

/** One at a time, ever more slowly. */
export function mayProbe(context: AppContext, { endpoint, at }: Event<'endpoint.probed'>): boolean {
  return isDown(context, endpoint) && at >= (refusedAt(context, endpoint)?.probeAt ?? 0)
}

export function noteProbe({ endpoints }: AppContext, event: Event<'endpoint.probed'>): Change {
  const { endpoint, attempt: probe, at } = event
  return {
    endpoints: endpoints.map((each) => {
      if (each.endpoint !== endpoint) return each
      const probes = each.probes + 1
      return { ...each, probe, probes, probeAt: at + pauseAfter(probes) }
    }),
  }
}
