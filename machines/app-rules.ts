import type { AppContext, SecretStatus } from './app-context.ts'
import type { AppEvent, BaselineLearnt, ClientAccepted } from './app-events.ts'
import { errorOf, isEvidence, questionDueAt } from './app-question.ts'

const second = 1_000
const minute = 60 * second
const day = 24 * 60 * minute

const warningDays = [1, 3, 7, 14, 30] as const
/** Delay after the client was first accepted. */
const baselineAfter = second
const baselineRetry = 10 * minute
const baselineHolds = 7 * day
const wakeRetry = 30 * second

type Change = Partial<AppContext>
type Event<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>

// Secrets and their expiry

/** The smallest threshold that the secret has crossed: 30, 14, 7, 3 or 1 days left; null if none. */
export function daysLeftWarning(expiresAt: number | null, at: number): number | null {
  if (expiresAt === null) return null
  return warningDays.find((days) => expiresAt - at <= days * day) ?? null
}

function nextWarningAt({ expiresAt, warnedDays }: SecretStatus): number | null {
  if (expiresAt === null) return null
  const next = warningDays.findLast((days) => warnedDays === null || days < warnedDays)
  return next === undefined ? null : expiresAt - next * day
}

/** The next wake-up time. Computed at the end of every transition. */
export function nextWake(context: AppContext, at: number): Change {
  const times = [
    ...context.secrets.filter((secret) => !secret.rejected).map(nextWarningAt),
    context.throttledUntil > at ? context.throttledUntil : null,
    context.probeAt,
    context.waking ? at + wakeRetry : null,
    questionDueAt(context),
    context.question === null && context.probeAt === null ? context.baselineAt : null,
  ].filter((time) => time !== null)
  return { wakeAt: times.length === 0 ? null : Math.min(...times) }
}

/** A secret keeps its status unless its text or expiry changes. */
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
  const open = { question: null, denial: null, refusedSince: null, clearedAt: 0, consentFault: null }
  const isOther = event.changed === true || event.secrets.some(({ fresh }) => fresh)
  return {
    secrets,
    ...open,
    ...(isOther && { endpoints: [] }),
    ...(event.enabledAgain && { wakingAll: true }),
    since: context.since === 0 ? event.at : context.since,
  }
}

export function warn(context: AppContext, event: AppEvent): Change {
  return {
    secrets: context.secrets.map((secret) => {
      const days = secret.rejected ? null : daysLeftWarning(secret.expiresAt, event.at)
      return days === null ? secret : { ...secret, warnedDays: Math.min(days, secret.warnedDays ?? days) }
    }),
  }
}

/** Secrets that have crossed a threshold that was not announced yet. */
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

// The client, accepted and refused

/** What an accepted request shows. */
export type Acceptance = Pick<ClientAccepted, 'secret' | 'sent' | 'refusedSecrets'>

/** True if it is new evidence. */
export function isNewAcceptance(context: AppContext, accepted: Acceptance): boolean {
  const { secrets, refusedSince, acceptedAt } = context
  const isNew = secrets.some(({ id, rejected }) =>
    rejected ? id === accepted.secret : accepted.refusedSecrets.includes(id),
  )
  const lacks = acceptedAt === 0 || refusedSince !== null || lacksBaseline(context, accepted.sent.endpoint)
  return isNew || lacks || isEvidence(context, accepted)
}

function lacksBaseline({ baseline, baselineAt }: AppContext, endpoint: string): boolean {
  return baseline === null ? baselineAt === null : baseline.endpoint !== endpoint
}

export function acceptClient(context: AppContext, event: ClientAccepted): Change {
  const { endpoint } = event.sent
  const isUnwell = context.probeAt !== null || context.refusedSince !== null
  return {
    secrets: context.secrets.map((secret) => {
      if (secret.id === event.secret) return { ...secret, rejected: false }
      return event.refusedSecrets.includes(secret.id) ? { ...secret, rejected: true } : secret
    }),
    acceptedAt: context.acceptedAt === 0 ? event.at : context.acceptedAt,
    refusedSince: null,
    ...((isUnwell || isEvidence(context, event)) && clear(event.at)),
    ...(lacksBaseline(context, endpoint) && { baseline: null, baselineAt: event.at + baselineAfter }),
  }
}

/** Closes the circuit: discards all evidence against the app. */
export function clear(at: number): Change {
  return { question: null, denial: null, clearedAt: at, lastError: null }
}

export function rejectSecrets(context: AppContext, refused: readonly (string | null)[]): Change {
  return {
    secrets: context.secrets.map((secret) =>
      refused.includes(secret.id) ? { ...secret, rejected: true } : secret,
    ),
  }
}

export function breakApp(context: AppContext, event: AppEvent): Change {
  const refused = context.question?.refusedSecrets ?? []
  const refusedNow = 'refusedSecrets' in event ? event.refusedSecrets : []
  const accuses = event.type === 'client.rejected' || (event.type === 'control.answered' && event.accuses)
  return {
    ...rejectSecrets(context, [...refused, ...refusedNow]),
    question: null,
    denial: null,
    ...(accuses && { lastError: errorOf(event) }),
  }
}

export function noteConsentFault(_: AppContext, event: Event<'consent.refused'>): Change {
  return { consentFault: errorOf(event) }
}

export function refuseAll(_: AppContext, event: AppEvent): Change {
  const error = event.type === 'client.rejected' ? { lastError: errorOf(event) } : {}
  return { question: null, refusedSince: event.at, ...error }
}

// The baseline, learnt while the app works

export function isBaselineDue({ baselineAt, question }: AppContext, at: number): boolean {
  return question === null && baselineAt !== null && at >= baselineAt
}

/** Schedules a retry in case learning fails. */
export function expectBaseline(_: AppContext, { at }: AppEvent): Change {
  return { baselineAt: at + baselineRetry }
}

export function keepBaseline(_: AppContext, { at, baseline }: BaselineLearnt): Change {
  return baseline === null ? { baselineAt: at + baselineRetry } : { baseline, baselineAt: at + baselineHolds }
}

export const firstProbe = 5 * minute

/** 5 min, doubling to an hour. */
export const pauseAfter = (probes: number) => Math.min(60 * minute, firstProbe * 2 ** Math.min(probes, 8))

/** The circuit's probe schedule while the app is down. */
export function scheduleProbe(context: AppContext, event: AppEvent): Change {
  return { probes: context.probes + 1, probeAt: event.at + pauseAfter(context.probes) }
}

type Newcomer = Extract<AppEvent, { readonly account: string }>

/** A new grant is better evidence than the refused ones; however many come, one probes every 5 min. */
export function hastenProbe({ probes, probeAt }: AppContext, event: Newcomer): Change {
  const probedAt = (probeAt ?? event.at) - pauseAfter(Math.max(0, probes - 1))
  const soonest = Math.max(event.at, probedAt + firstProbe)
  return { newcomer: event.account, probeAt: Math.min(probeAt ?? soonest, soonest) }
}
