import type { AppContext, AppEvent, ClientRejected } from '../../machines/index.ts'
import { day, minute, second } from '../../src/testing/index.ts'

/** An event of every kind that matters, made to fit the app it is to meet. */
export type AppSample = (context: AppContext) => AppEvent

/** Far ahead of any clock, so that a host must use the given time. */
export const appsBegin = 4_000_000_000_000

/** A moment after all that has happened. */
const soon = ({ since, question, clearedAt, secrets }: AppContext) => {
  const warned = secrets.flatMap(({ expiresAt, warnedDays }) =>
    expiresAt === null || warnedDays === null ? [] : [expiresAt - warnedDays * day],
  )
  return Math.max(appsBegin, since, question?.lastRefusalAt ?? 0, clearedAt, ...warned) + second
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
  (told: Partial<ClientRejected> & { of?: 'another'; sentBefore?: true; after?: number } = {}): AppSample =>
  (context) => {
    const { of, sentBefore, after = 0, ...more } = told
    const at = soon(context) + after
    const first = context.question?.grants[0] ?? 'one'
    return {
      type: 'client.rejected',
      id: 'rejected',
      at,
      accusation: 'client',
      attempt: of ?? 'one',
      grant: of ?? first,
      sent: { at, endpoint: 'endpoint', question: sentBefore ? null : (context.question?.id ?? null) },
      workedBefore: true,
      refusedBefore: null,
      refusedSecrets: [],
      triesNext: false,
      earlier: null,
      reason: 'client_rejected',
      action: 'fix or rotate the client secret',
      providerError: { status: 401, error: 'invalid_client' },
      ...more,
    }
  }

const all = ({ secrets }: AppContext) => secrets.map(({ id }) => id)

const control =
  (answer: string | null, accuses = false): AppSample =>
  (context) => ({
    type: 'control.answered',
    id: 'control',
    at: soon(context),
    question: context.question?.id ?? 'none',
    secret: context.secrets.find((secret) => !secret.rejected)?.id ?? null,
    answer,
    accuses,
    reason: 'client_rejected',
    action: 'fix or rotate the client secret',
    providerError: { status: 401, error: 'invalid_client' },
  })

const learnt =
  (madeUpSecret: string | null): AppSample =>
  (context) => ({
    type: 'baseline.learnt',
    id: 'learnt',
    at: soon(context),
    baseline: madeUpSecret === null ? null : { endpoint: 'endpoint', ownSecret: 'well', madeUpSecret },
  })

const accepted =
  (told: { refuses?: 'others' } = {}): AppSample =>
  (context) => {
    const secret = context.secrets.at(-1)?.id ?? null
    const others = all(context).filter((id) => id !== secret)
    return {
      type: 'client.accepted',
      id: 'accepted',
      at: soon(context),
      secret,
      sent: { at: soon(context), endpoint: 'endpoint', question: context.question?.id ?? null },
      refusedSecrets: told.refuses ? others : [],
    }
  }

const refusedThere =
  (grant: string): AppSample =>
  (context) => ({
    type: 'endpoint.refused',
    id: 'refused there',
    at: soon(context),
    endpoint: 'endpoint',
    grant,
    error: {
      reason: 'client_rejected',
      action: 'fix or rotate the client secret',
      providerError: { status: 401, error: 'invalid_client' },
    },
  })

const earlier = { count: 3, since: appsBegin - 10 * minute }

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
  'client.rejected, with a secret': (context) => rejected({ refusedSecrets: all(context) })(context),
  'client.rejected, of several secrets': (context) =>
    rejected({ refusedSecrets: all(context).slice(0, 1), triesNext: context.secrets.length > 1 })(context),
  'client.rejected, another grant': rejected({ of: 'another' }),
  'client.rejected, another grant, sent before': rejected({ of: 'another', sentBefore: true }),
  'client.rejected, 4 times over 10 minutes': rejected({ after: 10 * minute }),
  'client.rejected, with a secret that is gone': rejected({ refusedSecrets: ['gone'] }),
  'client.rejected, in a general word': rejected({ accusation: 'general' }),
  'client.rejected, in a general word, another grant': rejected({ accusation: 'general', of: 'another' }),
  'client.rejected, in unknown words': rejected({ accusation: 'unknown', earlier }),
  'client.rejected, in unknown words, another grant': rejected({
    accusation: 'unknown',
    of: 'another',
    earlier,
  }),
  'client.questioned': (context) => ({
    type: 'client.questioned',
    id: 'questioned',
    at: soon(context) + 10 * second,
    attempt: 'another',
    grant: 'another',
    endpoint: 'endpoint',
    workedBefore: true,
  }),
  'client.accepted': accepted(),
  'client.accepted, other secrets refused': accepted({ refuses: 'others' }),
  'control.answered, as when all was well': control('well'),
  'control.answered, as with a wrong secret': control('wrong', true),
  'control.answered, with nothing': control(null),
  'baseline.learnt': learnt('wrong'),
  'baseline.learnt, blind': learnt('well'),
  'baseline.learnt, not now': learnt(null),
  'witness.absent': (context) => ({
    type: 'witness.absent',
    id: 'absent',
    at: soon(context) + 10 * minute,
    question: context.question?.id ?? 'none',
  }),
  'consent.refused': (context) => ({
    type: 'consent.refused',
    id: 'consent',
    at: soon(context),
    reason: 'redirect_mismatch',
    action: 'register the redirect URL',
    providerError: { status: 400, error: 'redirect_uri_mismatch' },
  }),
  'consent.accepted': (context) => ({ type: 'consent.accepted', id: 'consent', at: soon(context) }),
  'account.probed': (context) => ({
    type: 'account.probed',
    id: 'probed',
    at: soon(context),
    account: 'waiting',
  }),
  'newcomer.waits': (context) => ({
    type: 'newcomer.waits',
    id: 'newcomer',
    at: soon(context),
    account: 'newcomer',
  }),
  'endpoint.refused': refusedThere('one'),
  'endpoint.refused, another grant': refusedThere('another'),
  'endpoint.accepted': (context) => ({
    type: 'endpoint.accepted',
    id: 'accepted there',
    at: soon(context),
    endpoint: 'endpoint',
  }),
  'endpoint.probed': (context) => ({
    type: 'endpoint.probed',
    id: 'probed there',
    at: soon(context) + 5 * minute,
    endpoint: 'endpoint',
    attempt: 'one',
  }),
  'provider.throttled': (context) => ({
    type: 'provider.throttled',
    id: 'throttled',
    at: soon(context),
    until: soon(context) + minute,
  }),
  'accounts.woken': (context) => ({ type: 'accounts.woken', id: 'woken', at: soon(context) }),
  'timer.due, much later': (context) => ({
    type: 'timer.due',
    id: 'due',
    at: whenDue(context) + 40 * minute,
  }),
  'timer.due': (context) => ({ type: 'timer.due', id: 'due', at: whenDue(context) }),
}

const pick = (isOf: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(appSamples).filter(([name]) => isOf(name)))
const settles =
  /^(client\.rejected, (in|4|with a secret that is gone|another)|control|baseline|witness|endpoint)/

/** What a model of secrets and their ends, one of questions and their evidence, and one of endpoints meet: together all. */
const putInQuestion = /^app.secret-updated, (two|none|two that end soon)$/

export const secretSamples = pick((name) => !settles.test(name) || name === 'client.rejected, another grant')
export const questionSamples = pick(
  (name) =>
    !name.startsWith('endpoint') && (!name.startsWith('app.secret-updated') || putInQuestion.test(name)),
)
export const endpointSamples = pick((name) =>
  /^(endpoint.*|provider\.throttled|app\.secret-updated, one|app\.secret-updated, one that ends soon)$/.test(
    name,
  ),
)
