import { and } from 'xstate'
import { absentAccount } from './account-context.ts'
import { accountSetup } from './account-setup.ts'
import { always, answered, begin, fetch, refuse, replace, warn } from './account-transitions.ts'

/**
 * The life of one connected account. Pure: time, randomness and the provider's answers come in as events; effects are
 * performed after the save. Single flight: the node that wins the save into `refreshing` performs the refresh.
 *
 * @example
 * ```ts
 * const past = [authorized({ with: { policy: 'eager' } })]
 * given(accountMachine, past).when(timerDue({ at: start + hour })).then({ state: 'refreshing' })
 * ```
 */
export const accountMachine = accountSetup.createMachine({
  id: 'account',
  // The actor that stands in for one while the machine takes a step is given no input.
  context: ({ input = { account: '' } }) => absentAccount(input),
  initial: 'expiring',
  states: {
    valid: {
      entry: 'noteSince',
      on: {
        ...always('valid'),
        ...answered('valid'),
        'timer.due': [
          warn('valid'),
          { guard: 'refreshesAhead', target: 'refreshing', actions: begin('valid') },
          { guard: 'isDue', target: 'expiring', actions: 'rest' },
        ],
        'token.requested': [
          { guard: 'mayForce', target: 'refreshing', actions: ['spendFromBucket', ...begin('valid')] },
          { guard: 'livesTooShort', target: 'refreshing', actions: begin('valid') },
          ...fetch('valid'),
        ],
        'app.probe': [
          { guard: 'probesDownApp', target: 'refreshing', actions: begin('valid', true) },
          { guard: 'mayRefreshNow', target: 'refreshing', actions: begin('valid') },
        ],
        'token.rejected': [
          { guard: 'mayReplaceRejected', target: 'refreshing', actions: replace('valid') },
          ...refuse('valid'),
        ],
      },
    },
    expiring: {
      entry: 'noteSince',
      on: {
        ...always('expiring'),
        ...answered('expiring'),
        'timer.due': [
          warn('expiring'),
          {
            guard: 'ranOutForGood',
            target: 'revoked',
            actions: { type: 'revokeAsRunOut', params: { from: 'expiring' } },
          },
          { guard: 'mayTryAgain', target: 'refreshing', actions: begin('expiring') },
        ],
        'token.requested': [
          { guard: 'mayStart', target: 'refreshing', actions: begin('expiring') },
          ...fetch('expiring'),
        ],
        'app.probe': [
          { guard: 'probesDownApp', target: 'refreshing', actions: begin('expiring', true) },
          { guard: 'mayRefreshNow', target: 'refreshing', actions: begin('expiring') },
        ],
        'token.rejected': [
          { guard: 'mayReplaceRejected', target: 'refreshing', actions: replace('expiring') },
          { guard: 'mayReplaceInDoubt', target: 'refreshing', actions: replace('expiring') },
          { guard: 'rejectsInDoubt', actions: ['noteRejection', 'hasten'] },
          ...refuse('expiring'),
        ],
      },
    },
    refreshing: {
      entry: 'noteSince',
      on: {
        ...always('refreshing'),
        ...answered('refreshing'),
        'token.rejected': { guard: 'rejectsCurrent', actions: 'noteRejection' },
        'refresh.kept': { guard: 'isOfAttempt', actions: 'noteInternalError' },
        'timer.due': [
          warn('refreshing'),
          {
            guard: 'mayRepeatAtOnce',
            target: 'refreshing',
            reenter: true,
            actions: ['noteDoubt', 'repeatAttempt', 'sendRefresh'],
          },
          { guard: 'parkedProbeIsLost', target: 'revoked', actions: ['noteDoubt', 'parkAgain'] },
          { guard: 'appProbeIsLost', target: 'secret-expired', actions: ['noteDoubt', 'waitForSecret'] },
          { guard: 'attemptIsLost', target: 'expiring', actions: ['noteDoubt', 'settle'] },
        ],
        'refresh.failed': [
          { guard: 'isResourceRefusedAlone', target: 'valid', actions: 'refuseResource' },
          { guard: 'isResourceRefused', target: 'expiring', actions: 'refuseResource' },
          { guard: 'resourceFailed', target: 'valid', actions: ['noteFailure', 'backOffResource'] },
          {
            guard: 'mayTrySibling',
            target: 'refreshing',
            reenter: true,
            actions: ['noteFailure', 'trySibling', 'sendRefresh'],
          },
          {
            guard: 'mayTryPrevious',
            target: 'refreshing',
            reenter: true,
            actions: ['noteFailure', 'tryPrevious', 'sendRefresh'],
          },
          {
            guard: 'isDead',
            target: 'revoked',
            actions: ['noteFailure', { type: 'revokeAsRefused', params: { from: 'refreshing' } }],
          },
          {
            guard: 'isParked',
            target: 'revoked',
            actions: ['noteFailure', { type: 'revokeAsRefused', params: { from: 'refreshing' } }],
          },
          {
            guard: 'isAppsFault',
            target: 'secret-expired',
            actions: [
              'noteFailure',
              { type: 'announceRunOut', params: { from: 'refreshing' } },
              'waitForSecret',
            ],
          },
          {
            guard: 'mayRepeatBrokenProbe',
            target: 'refreshing',
            reenter: true,
            actions: ['noteFailure', 'repeatAttempt', 'sendRefresh'],
          },
          { guard: 'parkedProbeFailed', target: 'revoked', actions: ['noteFailure', 'parkAgain'] },
          { guard: 'appProbeFailed', target: 'secret-expired', actions: ['noteFailure', 'waitForSecret'] },
          { guard: 'endsAttempt', target: 'expiring', actions: ['noteFailure', 'backOff'] },
        ],
      },
    },
    revoked: {
      entry: 'noteSince',
      on: {
        ...always('revoked'),
        'timer.due': { guard: 'isDue', target: 'refreshing', actions: begin('revoked', true) },
        'app.changed': [
          {
            guard: and(['meetsOtherSettings', 'mayRefreshNow']),
            target: 'refreshing',
            actions: begin('revoked'),
          },
          { guard: 'meetsOtherSettings', actions: 'wakeAtRetry' },
        ],
        'grant.restored': [
          {
            guard: and(['isParkedGrant', 'mayRefreshNow']),
            target: 'refreshing',
            actions: begin('revoked', true),
          },
          { guard: 'isParkedGrant', actions: 'wakeAtRetry' },
          { guard: 'hasTokenToRestore', target: 'valid', actions: ['restoreToken', 'announceRefreshed'] },
        ],
        // A late answer for a revoked grant: stored, but its token is served only after another successful refresh.
        'refresh.succeeded': [
          {
            guard: 'mayProveItself',
            target: 'expiring',
            actions: [{ type: 'storeAnswer', params: { from: 'revoked' } }, 'storeTokens', 'proveAtOnce'],
          },
          { guard: 'answersPreviousToken', actions: 'keepSibling' },
        ],
      },
    },
    'secret-expired': {
      entry: 'noteSince',
      on: {
        ...always('secret-expired'),
        ...answered('secret-expired'),
        'app.secret-updated': [
          { guard: 'mayRefreshNow', target: 'refreshing', actions: begin('secret-expired') },
          { guard: 'canRefresh', target: 'expiring', actions: 'wakeAtRetry' },
        ],
        'app.probe': { guard: 'mayRefreshNow', target: 'refreshing', actions: begin('secret-expired', true) },
        'timer.due': [
          warn('secret-expired'),
          {
            guard: 'isDue',
            actions: [{ type: 'announceRunOut', params: { from: 'secret-expired' } }, 'waitForSecret'],
          },
        ],
      },
    },
  },
})
