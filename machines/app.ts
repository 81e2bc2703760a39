import { assign, emit, enqueueActions, setup } from 'xstate'
import { type AppContext, type AppEffect, type AppError, type AppEvent, newApp } from './app-context.ts'
import * as rules from './app-rules.ts'

type Given = { context: AppContext; event: AppEvent }

const when =
  <E extends AppEvent>(rule: (context: AppContext, event: E) => boolean) =>
  ({ context, event }: Given) =>
    rule(context, event as E)

const change =
  <E extends AppEvent, P>(rule: (context: AppContext, event: E, params: P) => Partial<AppContext>) =>
  ({ context, event }: Given, params: P) =>
    rule(context, event as E, params)

const appSetup = setup({
  types: {
    context: {} as AppContext,
    events: {} as AppEvent,
    emitted: {} as AppEffect,
    input: {} as { app: string },
  },
  guards: {
    triesAnotherSecret: when(rules.triesAnotherSecret),
    isConfirmed: when(rules.isConfirmed),
    isEvidence: when(rules.isEvidence),
    isUnanswered: when(rules.isUnanswered<Extract<AppEvent, { type: 'client.questioned' }>>),
    bringsFreshSecret: ({ event }) =>
      event.type === 'app.secret-updated' && event.secrets.some(({ fresh }) => fresh),
    changesApp: ({ event }) => event.type === 'app.secret-updated' && event.changed === true,
    isExpiring: ({ context, event }) => rules.isExpiring(context, event.at),
    isNotExpiring: ({ context, event }) => !rules.isExpiring(context, event.at),
    isDue: ({ context, event }) => context.wakeAt !== null && event.at >= context.wakeAt,
    isProbeDue: ({ context, event }) => context.probeAt !== null && event.at >= context.probeAt,
    isThrottled: ({ context, event }) => event.at < context.throttledUntil,
    isNotThrottled: ({ context, event }) => event.at >= context.throttledUntil,
    isUnwell: ({ context }) => context.suspicion !== null,
  },
  actions: {
    // The very first entry is XState's own, and has no time.
    noteSince: assign(({ event }) => ({ since: event.at ?? 0 })),
    adoptSecrets: assign(change(rules.adoptSecrets)),
    rejectSecret: assign(change(rules.rejectSecret)),
    suspect: assign(
      change((context, event, params: { asks: 'next' | 'again' }) =>
        rules.suspect(context, event as never, params),
      ),
    ),
    question: assign(change(rules.question)),
    acceptSecret: assign(change(rules.acceptSecret)),
    scheduleProbe: assign(change(rules.scheduleProbe)),
    probeAtOnce: assign(({ event }) => ({ probeAt: event.at })),
    endProbes: assign({ probes: 0, probeAt: null }),
    noteThrottle: assign(({ context, event }) => ({
      throttledUntil: event.type === 'provider.throttled' ? Math.max(context.throttledUntil, event.until) : 0,
    })),
    beginWaking: assign({ waking: true }),
    endWaking: assign({ waking: false }),
    nextWake: assign(({ context, event }) => rules.nextWake(context, event.at)),
    wakeAccounts: enqueueActions(({ context, enqueue }) => {
      if (context.waking) enqueue.emit({ type: 'accounts.wake' })
    }),
    probeAccount: emit({ type: 'account.probe' }),
    warn: enqueueActions(({ context, event, enqueue }) => {
      for (const { id, days, expiresAt } of rules.unannounced(context, event.at)) {
        enqueue.emit({ type: 'app.secret-expiring', secret: id, days, expiresAt: expiresAt as number })
      }
      enqueue.assign(rules.warn(context, event))
    }),
    announceExpired: emit(({ context }) => ({
      type: 'app.secret-expired',
      ...(context.lastError as AppError),
    })),
    announceRestored: emit({ type: 'app.secret-restored' }),
  },
})

/** How every change ends: what nears its end is told once, and the app wakes for what comes next. */
const then = ['warn', 'nextWake'] as const
const heal = ['endProbes', 'beginWaking', 'announceRestored', 'wakeAccounts', ...then] as const

/** What a working app does, whether or not it is throttled or one of its secrets nears its end. */
const working = {
  'app.secret-updated': [
    { guard: 'changesApp', actions: ['adoptSecrets', 'beginWaking', 'wakeAccounts', ...then] },
    { actions: ['adoptSecrets', ...then] },
  ],
  'client.rejected': [
    {
      guard: 'triesAnotherSecret',
      actions: ['rejectSecret', { type: 'suspect', params: { asks: 'next' } }, ...then],
    },
    {
      guard: 'isConfirmed',
      target: '#app.secret-expired',
      actions: ['rejectSecret', 'endWaking', 'scheduleProbe', 'announceExpired', ...then],
    },
    { guard: 'isEvidence', actions: [{ type: 'suspect', params: { asks: 'again' } }, ...then] },
  ],
  'client.questioned': { guard: 'isUnanswered', actions: ['question', ...then] },
  'client.accepted': { guard: 'isUnwell', actions: ['acceptSecret', ...then] },
  'provider.throttled': { actions: ['noteThrottle', ...then] },
  'accounts.woken': { actions: ['endWaking', ...then] },
  'timer.due': { guard: 'isDue', actions: ['wakeAccounts', ...then] },
} as const

/**
 * One OAuth client. Its accounts follow lazily: each learns of the app's state when it would have refreshed. A replaced
 * secret wakes them all; nobody signs in again.
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
          // Whatever an operator changed, one account looks at once whether that was it.
          { actions: ['adoptSecrets', 'probeAtOnce', ...then] },
        ],
        'client.accepted': { target: 'healthy', actions: ['acceptSecret', ...heal] },
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
