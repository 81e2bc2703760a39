import { assign, emit, enqueueActions, setup } from 'xstate'
import { admissionOf } from './app-admission.ts'
import type { AppContext, AppError, Question } from './app-context.ts'
import * as control from './app-control.ts'
import type { AppEffect } from './app-effects.ts'
import * as endpoints from './app-endpoints.ts'
import type {
  AppEvent,
  ClientAccepted,
  ClientQuestioned,
  ClientRejected,
  ControlAnswered,
  WitnessAbsent,
} from './app-events.ts'
import * as question from './app-question.ts'
import * as rules from './app-rules.ts'

type EndpointOf = Extract<AppEvent, { type: 'endpoint.accepted' }>
type Given = { context: AppContext; event: AppEvent }

const when =
  <E extends AppEvent>(rule: (context: AppContext, event: E) => boolean) =>
  ({ context, event }: Given) =>
    rule(context, event as E)

const change =
  <E extends AppEvent, P>(rule: (context: AppContext, event: E, params: P) => Partial<AppContext>) =>
  ({ context, event }: Given, params: P) =>
    rule(context, event as E, params)

/** Whether the refusal proves the app broken, or that all grants are refused with an unknown code. */
function provenBy(context: AppContext, event: ClientRejected): 'broken' | 'refused' | null {
  if (!question.isProvenBroken(context, event)) return null
  const isUnknown = context.question?.accusation === 'unknown' && event.accusation === 'unknown'
  return isUnknown ? 'refused' : 'broken'
}

const controlSays = (result: control.ControlResult) => (context: AppContext, event: ControlAnswered) =>
  question.answersQuestion(context, event) && control.controlResult(context, event) === result

/** True if another secret is left to send a control with. */
function hasAnother({ question, secrets }: AppContext, { secret }: ControlAnswered): boolean {
  const another = secrets.some(({ id, rejected }) => !rejected && id !== secret)
  return another && question !== null && question.refusedSecrets.length > 0
}

function isWithoutWitness(context: AppContext, event: WitnessAbsent): boolean {
  return question.answersQuestion(context, event) && question.isBrokenByAbsence(context, event)
}

interface Enqueue {
  assign(change: Partial<AppContext>): void
  emit(effect: AppEffect): void
}

function carryOut(enqueue: Enqueue, { change, effect }: control.NextEvidence): void {
  enqueue.assign(change)
  enqueue.emit(effect)
}

/** The guards and actions of the app's chart. */
export const appSetup = setup({
  types: {
    context: {} as AppContext,
    events: {} as AppEvent,
    emitted: {} as AppEffect,
    input: {} as { app: string },
  },
  guards: {
    opensQuestion: when(question.opensQuestion),
    isNewGeneralRefusal: when(question.isNewGeneralRefusal),
    callsForControl: when(question.callsForControl),
    isProvenBroken: when<ClientRejected>((context, event) => provenBy(context, event) === 'broken'),
    isProvenRefused: when<ClientRejected>((context, event) => provenBy(context, event) === 'refused'),
    countsAgainst: when<ClientRejected>(question.countsAgainst),
    mayBecomeProbe: when<ClientQuestioned>((context, event) => admissionOf(context, event) === 'probe'),
    isNewAcceptance: when<ClientAccepted>(rules.isNewAcceptance),
    controlAccepts: when(controlSays('accepted')),
    controlRejectsOneOfMany: when<ControlAnswered>(
      (context, event) => controlSays('rejected')(context, event) && hasAnother(context, event),
    ),
    controlRejects: when(controlSays('rejected')),
    controlIsInconclusive: when(controlSays('inconclusive')),
    isRefusedWithoutWitness: when<WitnessAbsent>(
      (context, event) => isWithoutWitness(context, event) && context.question?.accusation === 'unknown',
    ),
    isBrokenWithoutWitness: when<WitnessAbsent>(isWithoutWitness),
    isDownThere: when<EndpointOf>((context, { endpoint }) => endpoints.isDown(context, endpoint)),
    isRefusedThere: when<EndpointOf>(
      (context, { endpoint }) => endpoints.refusedAt(context, endpoint) !== null,
    ),
    mayProbeThere: when(endpoints.mayProbe),
    isForgotten: ({ context, event }) => question.isForgotten(context, event.at),
    isQuestionDue: ({ context, event }) =>
      event.at >= (question.questionDueAt(context) ?? Number.POSITIVE_INFINITY),
    isBaselineDue: ({ context, event }) => rules.isBaselineDue(context, event.at),
    bringsFreshSecret: ({ event }) =>
      event.type === 'app.secret-updated' && event.secrets.some(({ fresh }) => fresh),
    changesApp: ({ event }) => event.type === 'app.secret-updated' && event.changed === true,
    isExpiring: ({ context, event }) => rules.isExpiring(context, event.at),
    isNotExpiring: ({ context, event }) => !rules.isExpiring(context, event.at),
    isDue: ({ context, event }) => context.wakeAt !== null && event.at >= context.wakeAt,
    isFirstNewcomer: ({ context }) => context.newcomer === null,
    isProbeDue: ({ context, event }) => context.probeAt !== null && event.at >= context.probeAt,
    isThrottled: ({ context, event }) => event.at < context.throttledUntil,
    isNotThrottled: ({ context, event }) => event.at >= context.throttledUntil,
  },
  actions: {
    // XState's initial event has no time.
    noteSince: assign(({ event }) => ({ since: event.at ?? 0 })),
    adoptSecrets: assign(change(rules.adoptSecrets)),
    openQuestion: assign(change(question.openQuestion)),
    addRefusal: assign(change(question.addRefusal)),
    noteGeneralRefusal: assign(({ event }) =>
      event.type === 'client.rejected' ? { denial: { grant: event.grant, at: event.at } } : {},
    ),
    sendProbe: assign(({ context: { question }, event }) =>
      question !== null && event.type === 'client.questioned'
        ? { question: { ...question, probe: event.attempt, probedAt: event.at } }
        : {},
    ),
    requestEvidenceAtOnce: enqueueActions(({ context, event, enqueue }) => {
      const isWanted =
        question.isEvidenceMissing(context) || question.leavesInconclusive(context, event as ClientRejected)
      if (isWanted) carryOut(enqueue, question.requestEvidence(context, event.at))
    }),
    requestEvidence: enqueueActions(({ context, event, enqueue }) =>
      carryOut(enqueue, question.requestEvidence(context, event.at)),
    ),
    sendControl: enqueueActions(({ context, event, enqueue }) =>
      carryOut(enqueue, control.sendControl(context, event.at)),
    ),
    controlNextSecret: enqueueActions(({ context, event, enqueue }) => {
      if (event.type !== 'control.answered') return
      const rejected = rules.rejectSecrets(context, [event.secret])
      const next = { ...(context.question as Question), probedAt: event.at }
      enqueue.assign({ ...rejected, question: next, controlAt: event.at })
      const secret = control.preferredSecret({ ...context, ...rejected })
      enqueue.emit({ type: 'control.send', question: next.id, secret })
    }),
    acceptClient: assign(change(rules.acceptClient)),
    noteRefusedThere: assign(change(endpoints.noteRefused)),
    noteAcceptedThere: assign(change(endpoints.noteAccepted)),
    noteProbeThere: assign(change(endpoints.noteProbe)),
    clear: assign(({ event }) => rules.clear(event.at)),
    forgetQuestion: assign({ question: null }),
    breakApp: assign(change(rules.breakApp)),
    noteConsentFault: assign(change(rules.noteConsentFault)),
    clearConsentFault: assign({ consentFault: null }),
    refuseAll: assign(change(rules.refuseAll)),
    noteProbed: assign(({ event }) =>
      event.type === 'account.probed' ? { lastProbed: event.account, newcomer: null } : {},
    ),
    hastenProbe: assign(change(rules.hastenProbe)),
    learnBaseline: emit({ type: 'baseline.learn' }),
    expectBaseline: assign(change(rules.expectBaseline)),
    keepBaseline: assign(change(rules.keepBaseline)),
    scheduleProbe: assign(change(rules.scheduleProbe)),
    probeAtOnce: assign(({ event }) => ({ probeAt: event.at })),
    endProbes: assign({ probes: 0, probeAt: null, newcomer: null, lastProbed: null }),
    noteThrottle: assign(({ context, event }) => ({
      throttledUntil: event.type === 'provider.throttled' ? Math.max(context.throttledUntil, event.until) : 0,
    })),
    beginWaking: assign({ waking: true }),
    endWaking: assign({ waking: false, wakingAll: false }),
    nextWake: assign(({ context, event }) => rules.nextWake(context, event.at)),
    wakeAccounts: enqueueActions(({ context, enqueue }) => {
      const { waking, wakingAll } = context
      if (waking) enqueue.emit({ type: 'accounts.wake', ...(wakingAll && { all: true }) })
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
    announceRefused: emit(({ context }) => ({ type: 'app.refused', ...(context.lastError as AppError) })),
    announceRestored: emit({ type: 'app.secret-restored' }),
  },
})
