import { assign, emit, enqueueActions, setup } from 'xstate'
import { type AppContext, type AppEffect, type AppEvent, newApp } from './app-context.ts'
import * as rules from './app-rules.ts'

type Given = { context: AppContext; event: AppEvent }

const when =
  <E extends AppEvent>(rule: (context: AppContext, event: E) => boolean) =>
  ({ context, event }: Given) =>
    rule(context, event as E)

const change =
  <E extends AppEvent>(rule: (context: AppContext, event: E) => Partial<AppContext>) =>
  ({ context, event }: Given) =>
    rule(context, event as E)

const appSetup = setup({
  types: {
    context: {} as AppContext,
    events: {} as AppEvent,
    emitted: {} as AppEffect,
    input: {} as { app: string },
  },
  guards: {
    hasAnotherSecret: when(rules.hasAnotherSecret),
    isKnownSecret: when(rules.isKnownSecret),
    isConfirmed: when(rules.isConfirmed),
    isFresh: ({ event }) => event.type === 'app.secret-updated' && event.fresh,
    isExpiring: ({ context, event }) => rules.isExpiring(context, event.at),
    isDue: ({ context, event }) => context.wakeAt !== null && event.at >= context.wakeAt,
    isProbeDue: ({ context, event }) => context.probeAt !== null && event.at >= context.probeAt,
    isThrottled: ({ context, event }) => event.at < context.throttledUntil,
    isUnwell: ({ context }) => context.suspicion !== null,
  },
  actions: {
    // The very first entry is XState's own, and has no time.
    noteSince: assign(({ event }) => ({ since: event.at ?? 0 })),
    adoptSecrets: assign(change(rules.adoptSecrets)),
    rejectSecret: assign(change(rules.rejectSecret)),
    suspect: assign(change(rules.suspect)),
    acceptSecret: assign(change(rules.acceptSecret)),
    scheduleProbe: assign(change(rules.scheduleProbe)),
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
      providerError: context.lastError,
    })),
    announceRestored: emit({ type: 'app.secret-restored' }),
  },
})

const wellAgain = ['warn', 'nextWake'] as const

/** What a working app does, whether or not one of its secrets nears its end. */
const working = {
  'app.secret-updated': [
    { guard: 'isExpiring', target: '#app.secret-expiring', actions: ['adoptSecrets', ...wellAgain] },
    { target: '#app.healthy', actions: ['adoptSecrets', ...wellAgain] },
  ],
  'client.rejected': [
    { guard: 'hasAnotherSecret', actions: ['rejectSecret', 'nextWake'] },
    {
      guard: 'isConfirmed',
      target: '#app.secret-expired',
      actions: ['rejectSecret', 'endWaking', 'scheduleProbe', 'announceExpired', 'nextWake'],
    },
    { guard: 'isKnownSecret', actions: ['suspect', 'nextWake'] },
  ],
  'client.accepted': { guard: 'isUnwell', actions: ['acceptSecret', 'nextWake'] },
  'provider.throttled': { target: '#app.throttled', actions: ['noteThrottle', 'nextWake'] },
  'accounts.woken': { actions: ['endWaking', 'nextWake'] },
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
      on: {
        ...working,
        'timer.due': [
          { guard: 'isExpiring', target: 'secret-expiring', actions: ['wakeAccounts', ...wellAgain] },
          { guard: 'isDue', actions: ['wakeAccounts', ...wellAgain] },
        ],
      },
    },
    'secret-expiring': {
      entry: 'noteSince',
      on: { ...working, 'timer.due': { guard: 'isDue', actions: ['wakeAccounts', ...wellAgain] } },
    },
    'secret-expired': {
      entry: 'noteSince',
      on: {
        'app.secret-updated': [
          {
            guard: 'isFresh',
            target: 'healthy',
            actions: [
              'adoptSecrets',
              'endProbes',
              'beginWaking',
              'announceRestored',
              'wakeAccounts',
              ...wellAgain,
            ],
          },
          { actions: ['adoptSecrets', 'nextWake'] },
        ],
        'client.accepted': {
          target: 'healthy',
          actions: [
            'acceptSecret',
            'endProbes',
            'beginWaking',
            'announceRestored',
            'wakeAccounts',
            ...wellAgain,
          ],
        },
        'timer.due': [
          { guard: 'isProbeDue', actions: ['scheduleProbe', 'probeAccount', 'nextWake'] },
          { guard: 'isDue', actions: 'nextWake' },
        ],
      },
    },
    throttled: {
      entry: 'noteSince',
      on: {
        'app.secret-updated': { actions: ['adoptSecrets', 'nextWake'] },
        'client.rejected': working['client.rejected'],
        'client.accepted': working['client.accepted'],
        'accounts.woken': working['accounts.woken'],
        'provider.throttled': { actions: ['noteThrottle', 'nextWake'] },
        'timer.due': [
          { guard: 'isThrottled', actions: ['wakeAccounts', 'nextWake'] },
          { guard: 'isExpiring', target: 'secret-expiring', actions: ['wakeAccounts', ...wellAgain] },
          { target: 'healthy', actions: ['wakeAccounts', ...wellAgain] },
        ],
      },
    },
  },
})
