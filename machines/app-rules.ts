import type { AppContext, AppError, AppEvent, SecretStatus } from './app-context.ts'

const second = 1_000
const minute = 60 * second
const day = 24 * 60 * minute

const warningDays = [1, 3, 7, 14, 30] as const
const suspicionHolds = 10 * second
const wakeRetry = 30 * second

type Change = Partial<AppContext>
type Event<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>

// Secrets and their ends

/** The smallest threshold the secret has crossed: 30, 14, 7, 3 or 1 days left; null with more life than that. */
export function daysLeftWarning(expiresAt: number | null, at: number): number | null {
  if (expiresAt === null) return null
  return warningDays.find((days) => expiresAt - at <= days * day) ?? null
}

function nextWarningAt({ expiresAt, warnedDays }: SecretStatus): number | null {
  if (expiresAt === null) return null
  const next = warningDays.findLast((days) => warnedDays === null || days < warnedDays)
  return next === undefined ? null : expiresAt - next * day
}

/** The earliest of what the app waits for. Every change of the app ends with this. */
export function nextWake(context: AppContext, at: number): Change {
  const wishes = [
    ...context.secrets.filter((secret) => !secret.rejected).map(nextWarningAt),
    context.throttledUntil > at ? context.throttledUntil : null,
    context.probeAt,
    context.waking ? at + wakeRetry : null,
  ].filter((wish) => wish !== null)
  return { wakeAt: wishes.length === 0 ? null : Math.min(...wishes) }
}

/** What is known of a secret stays with it, unless its text or its end is another now. */
export function adoptSecrets(context: AppContext, event: Event<'app.secret-updated'>): Change {
  const known = new Map(context.secrets.map((secret) => [secret.id, secret]))
  const secrets = event.secrets.map(({ id, expiresAt, fresh }): SecretStatus => {
    const before = fresh ? undefined : known.get(id)
    return {
      id,
      expiresAt,
      rejected: before?.rejected ?? false,
      warnedDays: before?.expiresAt === expiresAt ? before.warnedDays : null,
    }
  })
  return { secrets, suspicion: null, since: context.since === 0 ? event.at : context.since }
}

export function warn(context: AppContext, event: AppEvent): Change {
  return {
    secrets: context.secrets.map((secret) => {
      const days = secret.rejected ? null : daysLeftWarning(secret.expiresAt, event.at)
      return days === null ? secret : { ...secret, warnedDays: Math.min(days, secret.warnedDays ?? days) }
    }),
  }
}

/** Secrets that have crossed a threshold nobody was told of. */
export function unannounced(
  { secrets }: AppContext,
  at: number,
): readonly (SecretStatus & { days: number })[] {
  return secrets.flatMap((secret) => {
    const days = secret.rejected ? null : daysLeftWarning(secret.expiresAt, at)
    return days === null || (secret.warnedDays !== null && secret.warnedDays <= days)
      ? []
      : [{ ...secret, days }]
  })
}

export function isExpiring({ secrets }: AppContext, at: number): boolean {
  return secrets.some((secret) => !secret.rejected && daysLeftWarning(secret.expiresAt, at) !== null)
}

// Evidence, and who looks for more of it

/** Of many that were refused at once one asks on; a refused secret that is gone meanwhile says nothing. */
export function isEvidence({ secrets, suspicion }: AppContext, event: Event<'client.rejected'>): boolean {
  const isCurrent = event.secret === null || secrets.some(({ id }) => id === event.secret)
  return isCurrent && (suspicion === null || suspicion.attempt === event.attempt)
}

/** The next secret is tried before the app is given up (RFC 6749 §5.2 `invalid_client` spends nothing). */
export function triesAnotherSecret(context: AppContext, event: Event<'client.rejected'>): boolean {
  const another = context.secrets.some(({ id, rejected }) => !rejected && id !== event.secret)
  return event.secret !== null && another && isEvidence(context, event)
}

export function isConfirmed(context: AppContext, event: Event<'client.rejected'>): boolean {
  return context.suspicion?.asks === 'again' && isEvidence(context, event)
}

export function rejectSecret(context: AppContext, event: Event<'client.rejected'>): Change {
  return {
    secrets: context.secrets.map((secret) =>
      secret.id === event.secret ? { ...secret, rejected: true } : secret,
    ),
    suspicion: null,
    lastError: errorOf(event),
  }
}

export function suspect(
  _: AppContext,
  event: Event<'client.rejected'>,
  { asks }: { asks: 'next' | 'again' },
): Change {
  return { suspicion: { attempt: event.attempt, at: event.at, asks }, lastError: errorOf(event) }
}

function errorOf({ reason, action, providerError }: AppError): AppError {
  return { reason, action, providerError }
}

interface Asking {
  readonly attempt: string
  readonly at: number
}

/** While one attempt looks for more evidence the others wait. */
export function isSuspended({ suspicion }: AppContext, { attempt }: Asking): boolean {
  return suspicion !== null && suspicion.attempt !== attempt
}

/** But not for ever: its node may have died. */
export function isUnanswered<A extends Asking>(context: AppContext, asking: A): boolean {
  return isSuspended(context, asking) && asking.at >= (context.suspicion?.at ?? 0) + suspicionHolds
}

export function question({ suspicion }: AppContext, { attempt, at }: Event<'client.questioned'>): Change {
  return { suspicion: suspicion && { ...suspicion, attempt, at } }
}

export function acceptSecret(context: AppContext, event: Event<'client.accepted'>): Change {
  return {
    secrets: context.secrets.map((secret) =>
      secret.id === event.secret ? { ...secret, rejected: false } : secret,
    ),
    suspicion: null,
    lastError: null,
  }
}

/** 5 min, doubling to an hour: one account of a broken app looks whether it works again. */
export function scheduleProbe(context: AppContext, event: AppEvent): Change {
  return {
    probes: context.probes + 1,
    probeAt: event.at + Math.min(60 * minute, 5 * minute * 2 ** Math.min(context.probes, 8)),
  }
}
