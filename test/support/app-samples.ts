import type { AppContext, AppEvent } from '../../machines/index.ts'
import { day, minute, second } from '../../src/testing/index.ts'

/** An event of every kind that matters, made to fit the app it is to meet. */
export type AppSample = (context: AppContext) => AppEvent

/** Far ahead of any clock, so that a host that is told the time goes by it. */
export const appsBegin = 4_000_000_000_000

/** A moment after all that has happened. */
const soon = ({ since, suspicion, secrets }: AppContext) => {
  const warned = secrets.flatMap(({ expiresAt, warnedDays }) =>
    expiresAt === null || warnedDays === null ? [] : [expiresAt - warnedDays * day],
  )
  return Math.max(appsBegin, since, suspicion?.at ?? 0, ...warned) + second
}

const put =
  (
    ids: readonly string[],
    { days = null, fresh = false }: { days?: number | null; fresh?: boolean } = {},
  ): AppSample =>
  (context) => {
    const at = soon(context)
    const known = new Set(context.secrets.map(({ id }) => id))
    const expiresAt = days === null ? null : at + days * day
    const secrets = ids.map((id) => ({ id, expiresAt, fresh: fresh || !known.has(id) }))
    const changed = context.since !== 0 && secrets.some((secret) => secret.fresh)
    return { type: 'app.secret-updated', id: 'put', at, secrets, ...(changed && { changed }) }
  }

const rejected =
  (told: { of?: 'another'; blames?: 'nothing' | 'what is gone' } = {}): AppSample =>
  (context) => ({
    type: 'client.rejected',
    id: 'rejected',
    at: soon(context),
    secret: blamed(context, told.blames),
    attempt: told.of ?? context.suspicion?.attempt ?? 'one',
    reason: 'client_rejected',
    action: 'fix or rotate the client secret',
    providerError: { status: 401, error: 'invalid_client' },
  })

function blamed({ secrets }: AppContext, blames: 'nothing' | 'what is gone' | undefined): string | null {
  if (blames !== undefined) return blames === 'nothing' ? null : 'gone'
  return (secrets.find((secret) => !secret.rejected) ?? secrets[0])?.id ?? null
}

const whenDue = (context: AppContext) => Math.max(soon(context), context.wakeAt ?? 0)

export const appSamples: Readonly<Record<string, AppSample>> = {
  'app.secret-updated, one': put(['one']),
  'app.secret-updated, another text under the same name': put(['one'], { fresh: true }),
  'app.secret-updated, two': put(['one', 'two']),
  'app.secret-updated, one that ends soon': put(['one'], { days: 10 }),
  'app.secret-updated, two that end soon': put(['one', 'two'], { days: 10 }),
  'app.secret-updated, one that ends': put(['one'], { days: 40 }),
  'app.secret-updated, none': put([]),
  'client.rejected': rejected(),
  'client.rejected, seen by another attempt': rejected({ of: 'another' }),
  'client.rejected, whatever its secret': rejected({ blames: 'nothing' }),
  'client.rejected, with a secret that is gone': rejected({ blames: 'what is gone' }),
  'client.questioned': (context) => ({
    type: 'client.questioned',
    id: 'questioned',
    at: soon(context) + 10 * second,
    attempt: 'another',
  }),
  'client.accepted': (context) => ({
    type: 'client.accepted',
    id: 'accepted',
    at: soon(context),
    secret: context.secrets.at(-1)?.id ?? null,
  }),
  'provider.throttled': (context) => ({
    type: 'provider.throttled',
    id: 'throttled',
    at: soon(context),
    until: soon(context) + minute,
  }),
  'accounts.woken': (context) => ({ type: 'accounts.woken', id: 'woken', at: soon(context) }),
  'timer.due': (context) => ({ type: 'timer.due', id: 'due', at: whenDue(context) }),
}
