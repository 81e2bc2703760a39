import { assign, emit, enqueueActions, setup } from 'xstate'
import * as attempt from './account-attempt.ts'
import type { AccountContext, AccountInput, AccountState, Attempt, Invalid } from './account-context.ts'
import type { AccountEffect, TokenInvalid } from './account-effects.ts'
import type { AccountEvent, GrantRevoked, RefreshFailed } from './account-events.ts'
import * as failure from './account-failure.ts'
import * as grant from './account-grant.ts'
import * as ask from './account-guards.ts'
import * as end from './account-invalid.ts'
import * as rejection from './account-rejection.ts'
import type { ResourceToken } from './account-resource.ts'
import { grantEnd } from './grant-end.ts'
import { machineReasons } from './reasons.ts'
import { refuseResource } from './resources.ts'

type Given<E extends AccountEvent> = { context: AccountContext; event: E }
type From = { from: AccountState }

/** The chart's `on` key guarantees that the event is of type `E`; this is the only cast. */
const when =
  <E extends AccountEvent>(guard: (given: Given<E>) => boolean) =>
  (given: Given<AccountEvent>) =>
    guard(given as Given<E>)

const change =
  <E extends AccountEvent, P>(
    compute: (context: AccountContext, event: E, params: P) => Partial<AccountContext>,
  ) =>
  ({ context, event }: Given<AccountEvent>, params: P) =>
    compute(context, event as E, params)

/** The guards and actions of the account's chart. */
export const accountSetup = setup({
  types: {
    context: {} as AccountContext,
    events: {} as AccountEvent,
    emitted: {} as AccountEffect,
    input: {} as AccountInput,
  },
  guards: {
    bringsAccessToken: when(ask.bringsAccessToken),
    hasGrant: when(ask.hasGrant),
    mayForce: when(ask.mayForce),
    livesTooShort: when(ask.livesTooShort),
    mayStart: when(ask.mayStart),
    fetchesResource: when(ask.fetchesResource),
    forcesResource: when(ask.forcesResource),
    rejectsCurrent: when(ask.rejectsCurrent),
    mayReplaceRejected: when(ask.mayReplaceRejected),
    mayReplaceInDoubt: when(ask.mayReplaceInDoubt),
    confirmsRejection: when(rejection.confirmsRejection),
    isFreshRejection: when(rejection.isFreshRejection),
    hasTokenToRestore: when(rejection.hasTokenToRestore),
    rejectsInDoubt: when(ask.rejectsInDoubt),
    isDue: when(ask.isDue),
    nearsItsEnd: when(ask.nearsItsEnd),
    refreshesAhead: when(ask.refreshesAhead),
    mayTryAgain: when(ask.mayTryAgain),
    ranOutForGood: when(ask.ranOutForGood),
    attemptIsLost: when(ask.attemptIsLost),
    mayRepeatAtOnce: when(ask.mayRepeatAtOnce),
    canRefresh: when(ask.canRefresh),
    mayRefreshNow: when(ask.mayRefreshNow),
    probesDownApp: when(ask.probesDownApp),
    answersCurrentToken: when(ask.answersCurrentToken),
    answersForResource: when(ask.answersForResource),
    answersUndisturbed: when(ask.answersUndisturbed),
    answersPreviousToken: when(ask.answersPreviousToken),
    endsAttempt: when(ask.endsAttempt),
    isOfAttempt: when(ask.isOfAttempt),
    isResourceRefused: when(ask.isResourceRefused),
    isResourceRefusedAlone: when(ask.isResourceRefusedAlone),
    resourceFailed: when(ask.resourceFailed),
    mayTrySibling: when(ask.mayTrySibling),
    mayTryPrevious: when(ask.mayTryPrevious),
    isDead: when(ask.isDead),
    isParked: when(ask.isParked),
    isAppsFault: when(ask.isAppsFault),
    mayRepeatBrokenProbe: when(ask.mayRepeatBrokenProbe),
    parkedProbeFailed: when(ask.probeFailed('revoked')),
    appProbeFailed: when(ask.probeFailed('secret-expired')),
    parkedProbeIsLost: when(ask.probeIsLost('revoked')),
    appProbeIsLost: when(ask.probeIsLost('secret-expired')),
    isNewReport: when(ask.isNewReport),
    isParkedGrant: when(ask.isParkedGrant),
    mayProveItself: when(ask.mayProveItself),
    meetsOtherSettings: when(ask.meetsOtherSettings),
  },
  actions: {
    // XState's initial event has no time.
    noteSince: assign(({ event }) => ({ since: event.at ?? 0 })),
    adoptGrant: assign(
      change((context, event, { from }: From) => grant.adoptGrant(context, event as never, from)),
    ),
    adoptSettings: assign(change(grant.adoptSettings)),
    forget: assign(({ context }) => grant.forget(context)),
    startAttempt: assign(change(attempt.startAttempt)),
    repeatAttempt: assign(change(attempt.repeatAttempt)),
    spendFromBucket: assign(change(attempt.spendFromBucket)),
    noteRejection: assign(change(attempt.noteRejection)),
    hasten: assign(change(attempt.hasten)),
    wakeAtRetry: assign(({ context: { retryAt } }) => ({ wakeAt: retryAt })),
    withhold: assign(change(rejection.withhold)),
    restoreToken: assign(({ context }) => rejection.restoreToken(context, 'revoked')),
    rest: assign(({ context }) => grant.rest(context)),
    noteDoubt: assign(({ context }) => attempt.noteDoubt(context)),
    settle: assign(change(attempt.settle)),
    noteInternalError: assign(change(failure.noteInternalError)),
    noteFailure: assign(change(failure.noteFailure)),
    backOff: assign(change(failure.backOff)),
    backOffResource: assign(change(failure.backOffResource)),
    refuseResource: assign(change(refuseResource)),
    parkAgain: assign(change(failure.parkAgain)),
    waitForSecret: assign(change(failure.waitForSecret)),
    storeAnswer: assign(
      change((context, event, { from }: From) => grant.storeAnswer(context, event as never, from)),
    ),
    proveAtOnce: assign(change(grant.proveAtOnce)),
    clearInvalid: assign({ invalid: null }),
    trySibling: assign(change((context, event) => attempt.continueWith(context, event as never, 'sibling'))),
    tryPrevious: assign(
      change((context, event) => attempt.continueWith(context, event as never, 'previous')),
    ),
    sendRefresh: emit(({ context }) => ({ type: 'refresh.send', attempt: context.attempt as Attempt })),
    storeTokens: emit(({ context, event }) => ({
      type: 'tokens.store',
      generation: context.generation,
      newGrant: context.answeredBy === null,
      resource: (event.type === 'refresh.succeeded' && event.resource?.key) || null,
    })),
    keepSibling: enqueueActions(({ enqueue }) => {
      enqueue.assign({ hasSibling: true })
      enqueue.emit({ type: 'tokens.keep-sibling' })
    }),
    resealTokens: emit({ type: 'tokens.reseal' }),
    forgetTokens: emit({ type: 'tokens.forget' }),
    announceRemoved: emit(({ context }) => ({
      type: 'account.removed',
      app: context.app,
      user: context.user,
    })),
    announceRefreshed: emit(({ context, event }) => ({
      type: 'token.refreshed',
      ...ownerOf(context),
      state: 'valid',
      expiresAt: context.expiresAt,
      registeredScopes: context.scopes,
      ...previousUserIn(event),
    })),
    announceUserChanged: enqueueActions(({ context, event, enqueue }, { state }: { state: AccountState }) => {
      const previous = previousUserIn(event)
      if (previous === undefined) return
      const signedInAs = context.identity?.signedInAs
      enqueue.emit({
        type: 'account.user-changed',
        ...ownerOf(context),
        state,
        ...previous,
        ...(signedInAs != null && { signedInAs }),
      })
    }),
    announceResource: emit(({ context }, { state }: { state: AccountState }) => {
      const { generation, expiresAt, scopes } = context.resources.at(-1) as ResourceToken
      return {
        type: 'token.refreshed',
        ...ownerOf(context),
        generation,
        state,
        expiresAt,
        registeredScopes: scopes,
      }
    }),
    warnOfEnd: enqueueActions(({ context, event, enqueue }, { state }: { state: AccountState }) => {
      enqueue.assign({ grantEndTold: true })
      const expiresAt = grantEnd(context) as number
      if (event.at >= expiresAt) return
      const reason = context.testingLifeMs > 0 ? 'testing_mode_expired' : 'consent_expired'
      enqueue.emit({
        type: 'account.grant-expiring',
        ...ownerOf(context),
        state,
        expiresAt,
        action: machineReasons[reason].more.ahead,
      })
    }),
    revokeAsRefused: enqueueActions(({ context, event, enqueue }, { from }: From) => {
      const invalid = end.refusalAsInvalid(context, event as RefreshFailed)
      const next = { ...context, ...end.revoke(context, event, { invalid, from }) }
      enqueue.assign(next)
      // Edges only: not announced again for the same reason.
      if (isNewReason(context, invalid)) enqueue.emit(tokenInvalid(next))
    }),
    revokeAsReported: enqueueActions(({ context, event, enqueue }, { from }: From) => {
      const invalid = end.reportAsInvalid(event as GrantRevoked)
      const next = { ...context, ...end.revoke(context, event, { invalid, from }) }
      enqueue.assign(next)
      enqueue.emit(tokenInvalid(next))
    }),
    revokeAsRejected: enqueueActions(({ context, event, enqueue }, { from }: From) => {
      const next = { ...context, ...end.revoke(context, event, { invalid: rejection.tokenRejected, from }) }
      enqueue.assign(next)
      enqueue.emit(tokenInvalid(next))
    }),
    revokeAsRunOut: enqueueActions(({ context, event, enqueue }, { from }: From) => {
      const next = { ...context, ...end.revoke(context, event, { invalid: end.noRefreshToken, from }) }
      enqueue.assign(next)
      enqueue.emit(tokenInvalid(next))
    }),
    announceRunOut: enqueueActions(({ context, event, enqueue }, { from }: From) => {
      if (context.invalid !== null || event.at < context.expiresAt) return
      const next = { ...context, ...end.runOut(context, from) }
      enqueue.assign(next)
      enqueue.emit(tokenInvalid(next))
    }),
  },
})

function previousUserIn(event: AccountEvent): { previousUser: string } | undefined {
  const previousUser = event.type === 'account.authorized' ? event.previousUser : undefined
  return previousUser === undefined ? undefined : { previousUser }
}

function ownerOf({ app, provider, user, previousState, tokenGeneration }: AccountContext) {
  return { app, provider, user, previousState, generation: tokenGeneration }
}

function tokenInvalid(context: AccountContext): TokenInvalid {
  const { state, settings: _, ...why } = context.invalid as Invalid
  return { type: 'token.invalid', ...ownerOf(context), state, ...why }
}

function isNewReason({ invalid: known }: AccountContext, invalid: Invalid): boolean {
  return known?.state !== invalid.state || known.reason !== invalid.reason
}
