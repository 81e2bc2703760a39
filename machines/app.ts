import { newApp } from './app-context.ts'
import { appSetup } from './app-setup.ts'

/** Every transition ends with these: warn of expiring secrets once, and set the next wake-up. */
const then = ['warn', 'nextWake'] as const
const heal = ['endProbes', 'beginWaking', 'announceRestored', 'wakeAccounts', ...then] as const
const fall = ['breakApp', 'endWaking', 'scheduleProbe', 'announceExpired', ...then] as const
const refuse = ['refuseAll', 'announceRefused', ...then] as const

const consents = {
  'consent.refused': { actions: ['noteConsentFault', ...then] },
  'consent.accepted': { actions: ['clearConsentFault', ...then] },
} as const

/** Transitions of a working app, also while it is throttled or a secret is expiring. */
const working = {
  'app.secret-updated': [
    { guard: 'changesApp', actions: ['adoptSecrets', 'beginWaking', 'wakeAccounts', ...then] },
    { actions: ['adoptSecrets', ...then] },
  ],
  'client.rejected': [
    { guard: 'opensQuestion', actions: ['openQuestion', 'requestEvidenceAtOnce', ...then] },
    { guard: 'callsForControl', actions: ['addRefusal', 'sendControl', ...then] },
    { guard: 'isProvenBroken', target: '#app.secret-expired', actions: fall },
    { guard: 'isProvenRefused', actions: refuse },
    { guard: 'countsAgainst', actions: ['addRefusal', 'requestEvidenceAtOnce', ...then] },
    { guard: 'isNewGeneralRefusal', actions: ['noteGeneralRefusal', ...then] },
  ],
  'client.questioned': { guard: 'mayBecomeProbe', actions: ['sendProbe', ...then] },
  'client.accepted': { guard: 'isNewAcceptance', actions: ['acceptClient', ...then] },
  'control.answered': [
    { guard: 'controlAccepts', actions: ['clear', ...then] },
    { guard: 'controlRejectsOneOfMany', actions: ['controlNextSecret', ...then] },
    { guard: 'controlRejects', target: '#app.secret-expired', actions: fall },
    { guard: 'controlIsInconclusive', actions: ['requestEvidence', ...then] },
  ],
  'witness.absent': [
    { guard: 'isRefusedWithoutWitness', actions: refuse },
    { guard: 'isBrokenWithoutWitness', target: '#app.secret-expired', actions: fall },
  ],
  'baseline.learnt': { actions: ['keepBaseline', ...then] },
  'endpoint.refused': { actions: ['noteRefusedThere', ...then] },
  'endpoint.accepted': [
    { guard: 'isDownThere', actions: ['noteAcceptedThere', 'beginWaking', 'wakeAccounts', ...then] },
    { guard: 'isRefusedThere', actions: ['noteAcceptedThere', ...then] },
  ],
  'endpoint.probed': { guard: 'mayProbeThere', actions: ['noteProbeThere', ...then] },
  ...consents,
  'provider.throttled': { actions: ['noteThrottle', ...then] },
  'accounts.woken': { actions: ['endWaking', ...then] },
  'timer.due': [
    { guard: 'isForgotten', actions: ['forgetQuestion', ...then] },
    { guard: 'isQuestionDue', actions: ['requestEvidence', ...then] },
    { guard: 'isBaselineDue', actions: ['expectBaseline', 'learnBaseline', ...then] },
    { guard: 'isDue', actions: ['wakeAccounts', ...then] },
  ],
} as const

/**
 * One OAuth client, with the circuit breaker for its credentials. Accounts follow lazily: each checks the app's state when it
 * would refresh. A replaced secret wakes all of them, without a new consent.
 *
 * @example
 * ```ts
 * const secrets = [{ id: 'first', expiresAt: start + 10 * day, fresh: true }]
 * given(appMachine, []).when({ type: 'app.secret-updated', at: start, id: 'e1', secrets }).then({ state: 'secret-expiring' })
 * ```
 */
export const appMachine = appSetup.createMachine({
  id: 'app',
  context: ({ input = { app: '' } }) => newApp(input),
  initial: 'healthy',
  states: {
    healthy: {
      entry: 'noteSince',
      always: [
        { guard: 'isThrottled', target: 'throttled' },
        { guard: 'isExpiring', target: 'secret-expiring' },
      ],
      on: working,
    },
    'secret-expiring': {
      entry: 'noteSince',
      always: [
        { guard: 'isThrottled', target: 'throttled' },
        { guard: 'isNotExpiring', target: 'healthy' },
      ],
      on: working,
    },
    'secret-expired': {
      entry: 'noteSince',
      on: {
        'app.secret-updated': [
          { guard: 'bringsFreshSecret', target: 'healthy', actions: ['adoptSecrets', ...heal] },
          // After any change by an operator, one account probes at once.
          { actions: ['adoptSecrets', 'probeAtOnce', ...then] },
        ],
        'client.accepted': { target: 'healthy', actions: ['acceptClient', ...heal] },
        ...consents,
        'account.probed': { actions: ['noteProbed', ...then] },
        'newcomer.waits': { guard: 'isFirstNewcomer', actions: ['hastenProbe', ...then] },
        'timer.due': [
          { guard: 'isProbeDue', actions: ['scheduleProbe', 'probeAccount', ...then] },
          { guard: 'isDue', actions: [...then] },
        ],
      },
    },
    throttled: {
      entry: 'noteSince',
      always: { guard: 'isNotThrottled', target: 'healthy' },
      on: working,
    },
  },
})
