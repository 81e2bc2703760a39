import type { AppContext, AppEvent, SecretStatus } from './app-context.ts'

const second = 1_000
const minute = 60 * second
const day = 24 * 60 * minute

const warningDays = [1, 3, 7, 14, 30] as const
const suspicionHolds = 10 * second
const wakeRetry = 30 * second

type Change = Partial<AppContext>
type Event<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>

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

export function adoptSecrets(context: AppContext, event: Event<'app.secret-updated'>): Change {
  const known = new Map(context.secrets.map((secret) => [secret.id, secret]))
  const secrets = event.secrets.map(({ id, expiresAt }) => {
    const before = known.get(id)
    return before?.expiresAt === expiresAt
      ? before
      : { id, expiresAt, rejected: before?.rejected ?? false, warnedDays: null }
  })
  return { secrets, suspicion: null, since: context.since === 0 ? event.at : context.since }
}

/** The next secret is tried before the app is given up (RFC 6749 §5.2 `invalid_client` spends nothing). */
export function hasAnotherSecret(context: AppContext, event: Event<'client.rejected'>): boolean {
  return context.secrets.some(({ id, rejected }) => !rejected && id !== event.secret)
}

export function isKnownSecret(context: AppContext, event: Event<'client.rejected'>): boolean {
  return context.secrets.some(({ id }) => id === event.secret)
}

export function isConfirmed({ suspicion }: AppContext, event: Event<'client.rejected'>): boolean {
  return suspicion?.secret === event.secret
}

export function rejectSecret(context: AppContext, event: Event<'client.rejected'>): Change {
  return {
    secrets: context.secrets.map((secret) =>
      secret.id === event.secret ? { ...secret, rejected: true } : secret,
    ),
    suspicion: null,
    lastError: event.providerError,
  }
}

export function suspect(_: AppContext, event: Event<'client.rejected'>): Change {
  return {
    suspicion: { secret: event.secret, attempt: event.attempt, at: event.at },
    lastError: event.providerError,
  }
}

/** While one attempt confirms a refusal the others wait, but not for ever: its node may have died. */
export function isSuspended(
  { suspicion }: AppContext,
  { attempt, at }: { attempt: string; at: number },
): boolean {
  return suspicion !== null && suspicion.attempt !== attempt && at < suspicion.at + suspicionHolds
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

/** 5 min, doubling to 6 h: one account of a broken app looks whether it works again. */
export function scheduleProbe(context: AppContext, event: AppEvent): Change {
  return {
    probes: context.probes + 1,
    probeAt: event.at + Math.min(360 * minute, 5 * minute * 2 ** Math.min(context.probes, 8)),
  }
}

export function warn(context: AppContext, event: AppEvent): Change {
  return {
    secrets: context.secrets.map((secret) => {
      const days = daysLeftWarning(secret.expiresAt, event.at)
      return days === null ? secret : { ...secret, warnedDays: days }
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
