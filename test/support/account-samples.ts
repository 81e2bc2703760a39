import {
  type AccountContext,
  type AccountEvent,
  type FailureClass,
  never,
  type RefreshFailed,
  warningAt,
} from '../../machines/index.ts'
import {
  authorized,
  day,
  grantRevoked,
  happened,
  hour,
  minute,
  refreshFailed,
  refreshSucceeded,
  second,
  start,
  timerDue,
  tokenRejected,
  tokenRequested,
} from '../../src/testing/index.ts'

/** An event of every kind that matters, made to fit the account it is to meet. */
export type Sample = (context: AccountContext) => AccountEvent

/** A moment after all that has happened. */
const soon = ({ since, retryAt, attempt, rejection }: AccountContext) =>
  Math.max(start, since, attempt?.startedAt ?? 0, retryAt, rejection?.since ?? 0) + second
/** Perhaps before another attempt is permitted. */
const duringRest = ({ since }: AccountContext) => Math.max(start, since) + second
const whenDue = (context: AccountContext) => Math.max(soon(context), context.wakeAt ?? 0)
const grantOf = ({ grantId, generation }: AccountContext) => `${grantId ?? 'grant'}.${generation}`

const changedApp = (at: number): AccountEvent => ({ type: 'app.changed', id: 'changed', at, settings: 2 })

const failed =
  (failureClass: FailureClass, inDoubt = false): Sample =>
  (context) =>
    refreshFailed({
      at: soon(context),
      attempt: context.attempt?.id ?? 'none',
      baseGeneration: context.generation,
      class: failureClass,
      reason: `because_${failureClass}`,
      inDoubt,
    })

/** Half of the accounts have to do with second tokens, a new one each time: what was fetched before changes nothing then. */
const secondTokenOf = ({ policy, generation, resources, attempt }: AccountContext) => {
  const key = `${generation}.${resources.length}`
  return policy === 'lazy' ? (attempt?.resource ?? { key, scopes: [key] }) : null
}

const connected =
  (policy: 'eager' | 'lazy', rotation: 'strict' | 'keeps-old'): Sample =>
  (context) =>
    authorized({
      at: soon(context),
      grantId: grantOf(context),
      with: { policy, rotation },
      // Lazy accounts have a grant expiry, until a response without one.
      grantEndsAt: policy === 'lazy' ? soon(context) + 9 * day : null,
    })

export const samples: Readonly<Record<string, Sample>> = {
  'account.authorized, eager and strict': connected('eager', 'strict'),
  'account.authorized, lazy and keeps-old': connected('lazy', 'keeps-old'),
  'account.authorized, without an access token': (context) =>
    authorized({ at: soon(context), grantId: grantOf(context), expiresAt: null }),
  'account.authorized, an access token alone': (context) =>
    authorized({ at: soon(context), grantId: grantOf(context), refreshable: false }),
  'account.authorized, a token that does not run out': (context) =>
    authorized({ at: soon(context), grantId: grantOf(context), refreshable: false, expiresAt: never }),
  'account.updated': (context) => ({
    ...authorized({ at: soon(context) }),
    type: 'account.updated',
  }),
  'keys.rotated': (context) => happened('keys.rotated', soon(context)),
  'account.removed': (context) => happened('account.removed', soon(context)),
  'token.requested': (context) => tokenRequested({ at: soon(context) }),
  'token.requested, for long': (context) =>
    tokenRequested({ at: Math.max(soon(context), context.issuedAt + 20 * minute), minValidity: day }),
  'token.requested, forced': (context) => tokenRequested({ at: soon(context) + hour, force: true }),
  'token.requested, for a resource': (context) =>
    tokenRequested({ at: soon(context), resource: secondTokenOf(context) }),
  'token.rejected': (context) =>
    tokenRejected({ at: soon(context) + hour, generation: context.tokenGeneration }),
  'token.rejected, during a rest': (context) =>
    tokenRejected({ at: duringRest(context), generation: context.tokenGeneration }),
  'timer.due, unused': (context) => timerDue({ at: whenDue(context) }),
  'timer.due, used': (context) => timerDue({ at: whenDue(context), used: true }),
  'timer.due, as the grant nears its end': (context) =>
    timerDue({ at: Math.max(soon(context), warningAt(context) ?? 0) }),
  'refresh.succeeded': (context) =>
    refreshSucceeded({
      at: soon(context),
      attempt: context.attempt?.id ?? 'late',
      grantId: context.grantId ?? 'none',
      baseGeneration: context.generation,
    }),
  'refresh.succeeded, for a resource': (context) =>
    refreshSucceeded({
      at: soon(context),
      attempt: context.attempt?.id ?? 'late',
      grantId: context.grantId ?? 'none',
      baseGeneration: context.generation,
      resource: secondTokenOf(context),
    }),
  'refresh.succeeded, a second answer to the previous token': (context) =>
    refreshSucceeded({
      at: soon(context),
      attempt: 'of another node',
      grantId: context.grantId ?? 'none',
      baseGeneration: context.generation - 1,
    }),
  'refresh.kept': (context) => ({
    type: 'refresh.kept',
    at: soon(context),
    id: 'kept',
    attempt: context.attempt?.id ?? 'none',
  }),
  'refresh.failed, A': failed('A'),
  // The lazy ones are parked because their app was changed.
  'refresh.failed, S': (context) =>
    context.policy === 'lazy'
      ? { ...(failed('S')(context) as RefreshFailed), reason: 'app_changed', settings: 1, wakes: false }
      : failed('S')(context),
  'refresh.failed, P': failed('P'),
  'refresh.failed, C': failed('C'),
  'refresh.failed, T': failed('T'),
  'refresh.failed, T in doubt': failed('T', true),
  'refresh.failed, R': failed('R'),
  'grant.revoked, A': (context) => grantRevoked({ at: soon(context) }),
  'grant.revoked, S': (context) => grantRevoked({ at: soon(context), class: 'S', reason: 'user_disabled' }),
  'grant.restored': (context) => happened('grant.restored', soon(context)),
  'grant.restored, during a rest': (context) => happened('grant.restored', duringRest(context)),
  'app.secret-updated': (context) => happened('app.secret-updated', soon(context)),
  'app.secret-updated, during a rest': (context) => happened('app.secret-updated', duringRest(context)),
  'app.changed': (context) => changedApp(soon(context)),
  'app.changed, during a rest': (context) => changedApp(duringRest(context)),
  'app.probe': (context) => happened('app.probe', soon(context)),
  'app.probe, of an app that is down': (context) => ({ ...happened('app.probe', soon(context)), down: true }),
}
