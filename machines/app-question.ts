import type { AppContext, AppError, EvidenceKind, Question } from './app-context.ts'
import {
  isControlConclusive,
  isControlDecisive,
  maySendControl,
  type NextEvidence,
  sendControl,
} from './app-control.ts'
import type { ClientRejected, WitnessAbsent } from './app-events.ts'

const second = 1_000
const minute = 60 * second

/** Milliseconds after which a probe without a result is given up. */
export const probeHolds = 10 * second
/** More evidence is requested after 10 s, then with exponential backoff up to this pause. */
const longestPause = 2 * minute
/** The refusals of a single grant that suffice to open the circuit. */
export const fewestRefusals = { count: 4, over: 10 * minute } as const
/** The same if controls are possible, but were inconclusive. */
const refusalsBesideControl = 2 * fewestRefusals.count
/** How long evidence in favour of the app outweighs refusals of grants that never worked. */
const proofHolds = 10 * minute
const generalRefusalHolds = 24 * 60 * minute
const forgottenAfter = 30 * minute
/** The number of refused grants that are remembered, and probed if none is conclusive alone. */
export const maxGrants = 4

type Change = Partial<AppContext>

// Refusals of the grant alone

type Refusal = Pick<ClientRejected, 'at' | 'accusation' | 'workedBefore' | 'refusedBefore'>

/** The refusal concerns the grant alone: the client was accepted since its first refusal, or just before for other grants. */
export function isGrantOnly({ clearedAt, question }: AppContext, refusal: Refusal): boolean {
  const { at, accusation, workedBefore, refusedBefore } = refusal
  if (clearedAt === 0) return false
  if (refusedBefore !== null && refusedBefore < clearedAt) return true
  const weak = !workedBefore || accusation === 'general'
  return question === null && weak && at - clearedAt < proofHolds
}

/** All grants are known to be refused. */
export function isRefusedToAll({ refusedSince }: AppContext, { accusation }: Refusal): boolean {
  return refusedSince !== null && accusation === 'unknown'
}

export function opensQuestion(context: AppContext, event: ClientRejected): boolean {
  const { question, clearedAt, secrets } = context
  const isCurrent = event.refusedSecrets.every((id) => secrets.some((secret) => secret.id === id))
  if (!isCurrent || event.sent.at < clearedAt || isRefusedToAll(context, event)) return false
  if (question !== null && question.endpoint === event.sent.endpoint) return false
  return !isGrantOnly(context, event) && !isFirstGeneralRefusal(context, event)
}

/** A general error code concerns the grant, until a second grant gets it too. */
function isFirstGeneralRefusal(
  { denial }: AppContext,
  { accusation, grant, at }: Pick<ClientRejected, 'accusation' | 'grant' | 'at'>,
): boolean {
  if (accusation !== 'general') return false
  return denial === null || denial.grant === grant || at - denial.at >= generalRefusalHolds
}

/** A first general refusal is not evidence in a question about unknown error codes. */
export function isSingleGeneralRefusal(
  context: AppContext,
  event: Pick<ClientRejected, 'accusation' | 'grant' | 'at'>,
): boolean {
  const isUnrelated = context.question === null || context.question.accusation === 'unknown'
  return isUnrelated && isFirstGeneralRefusal(context, event)
}

export function isNewGeneralRefusal(context: AppContext, event: ClientRejected): boolean {
  return isSingleGeneralRefusal(context, event) && context.denial?.grant !== event.grant
}

export function openQuestion(_: AppContext, event: ClientRejected): Change {
  const { id, at, accusation, sent, grant, workedBefore, refusedSecrets, triesNext, attempt, earlier } = event
  const question: Question = {
    id,
    accusation,
    endpoint: sent.endpoint,
    openedAt: earlier?.since ?? at,
    grants: [grant],
    worked: workedBefore,
    refusals: (earlier?.count ?? 0) + 1,
    lastRefusalAt: at,
    refusedSecrets,
    tried: triedBy(event),
    probe: triesNext ? attempt : null,
    probedAt: triesNext ? at : 0,
    lookedAt: 0,
    rounds: 0,
    control: 'none',
  }
  return { question, lastError: errorOf(event) }
}

// Evidence

/** Was this request sent after the question was opened, to the endpoint it is about? Only then does its answer count. */
export function isEvidence({ question }: AppContext, { sent }: Pick<ClientRejected, 'sent'>): boolean {
  return question !== null && sent.question === question.id && sent.endpoint === question.endpoint
}

export function countsAgainst(context: AppContext, event: ClientRejected): boolean {
  return isEvidence(context, event) && !isSingleGeneralRefusal(context, event)
}

/** Two grants were refused and no control is conclusive, or one was refused repeatedly and no other can be probed. */
export function isProvenBroken(context: AppContext, event: ClientRejected): boolean {
  const { question } = context
  if (question === null || event.triesNext || !countsAgainst(context, event)) return false
  if (isSecondGrant(context, event) && !isControlDecisive(context, event.at)) return true
  return !callsForControl(context, event) && isProvenByRepetition(context, withRefusal(question), event.at)
}

const withRefusal = (question: Question): Question => ({ ...question, refusals: question.refusals + 1 })

/** Refused with every secret. Of the other grants, one secret may still be good. */
export function fullyRefused({ grants, tried = [] }: Question): readonly string[] {
  return grants.filter((grant) => tried.every((each) => each.grant !== grant))
}

function isSecondGrant({ question, acceptedAt }: AppContext, event: ClientRejected): boolean {
  const refused = question === null ? [] : fullyRefused(question)
  const isOther = refused.length > 0 && !refused.includes(event.grant)
  return isOther && (event.workedBefore || acceptedAt === 0)
}

/**
 * If a control is conclusive, a second refused grant is not proof but a reason to send one, even if the last is recent, and
 * once more if it was inconclusive. The same holds for repeated refusals that would suffice without controls.
 */
export function callsForControl(context: AppContext, event: ClientRejected): boolean {
  const { question } = context
  if (question === null || event.triesNext || !countsAgainst(context, event)) return false
  const next = { ...question, accusation: kindWith(question, event) }
  if (question.control === 'sent' || !isControlConclusive(context, next)) return false
  const isSecond = isSecondGrant(context, event)
  // The refusals before may be of a grant that is dead in unknown error codes.
  if (question.control === 'none')
    return isSecond || isProvenByRepetition(context, withRefusal(next), event.at)
  const refusals = question.refusals + 1
  const isRepeated = hasLasted(question, event.at) && refusals >= fewestRefusals.count
  return (isSecond && question.grants.length === 1) || (isRepeated && refusals < refusalsBesideControl)
}

/** A refusal with a known error code replaces the unknown one that opened the question. */
function kindWith({ accusation }: Question, event: ClientRejected): EvidenceKind {
  return accusation === 'unknown' ? event.accusation : accusation
}

const hasLasted = ({ openedAt }: Question, at: number) => at - openedAt >= fewestRefusals.over

/** Enough repeated refusals, if there is no other evidence. */
function isProvenByRepetition(context: AppContext, question: Question, at: number): boolean {
  const fewest = isControlConclusive(context, question) ? refusalsBesideControl : fewestRefusals.count
  return question.refusals >= fewest && hasLasted(question, at)
}

/** Without any other account to probe; or, if no control is conclusive, refused for all probed accounts, one of which had worked before. */
export function isBrokenByAbsence(context: AppContext, { at, allRefused }: WitnessAbsent): boolean {
  const { question } = context
  if (question === null) return false
  const isUnanimous = allRefused === true && question.worked === true && fullyRefused(question).length > 1
  return (
    (isUnanimous && !isControlConclusive(context, question)) || isProvenByRepetition(context, question, at)
  )
}

export function addRefusal({ question }: AppContext, event: ClientRejected): Change {
  if (question === null) return {}
  const isFirstGrant = question.grants[0] === event.grant
  // A grant counts as refused once all secrets were.
  const counts = event.triesNext ? 0 : 1
  const others = (question.tried ?? []).filter(({ grant }) => grant !== event.grant)
  return {
    question: {
      ...question,
      accusation: kindWith(question, event),
      grants: [...new Set([...question.grants, ...(counts ? [event.grant] : [])])].slice(0, maxGrants),
      refusals: question.refusals + counts,
      worked: question.worked === true || (counts > 0 && event.workedBefore),
      lastRefusalAt: event.at,
      refusedSecrets: isFirstGrant
        ? [...new Set([...question.refusedSecrets, ...event.refusedSecrets])]
        : question.refusedSecrets,
      tried: [...others, ...triedBy(event)].slice(-maxGrants),
      probe: event.triesNext ? event.attempt : null,
      probedAt: event.triesNext ? event.at : question.probedAt,
    },
    lastError: errorOf(event),
  }
}

function triedBy({ triesNext, grant, refusedSecrets }: ClientRejected): NonNullable<Question['tried']> {
  return triesNext ? [{ grant, secrets: refusedSecrets }] : []
}

export function answersQuestion({ question }: AppContext, event: { readonly question: string }): boolean {
  return question !== null && question.id === event.question
}

// The next evidence

/** Sends a control if it is conclusive, else probes another account. */
export function requestEvidence(context: AppContext, at: number): NextEvidence {
  const question = context.question as Question
  if (maySendControl(context, question, at)) return sendControl(context, at)
  const control = question.control === 'sent' ? 'inconclusive' : question.control
  const next = { ...question, control, probe: null, probedAt: 0, lookedAt: at, rounds: question.rounds + 1 }
  return { change: { question: next }, effect: { type: 'account.probe' } }
}

/** No evidence was requested yet, because the first attempt had other secrets to try. */
export function isEvidenceMissing({ question }: AppContext): boolean {
  return question !== null && question.probe === null && question.rounds === 0 && question.control === 'none'
}

/** The refusal of a grant that never worked is weak evidence, so the next account is probed at once. */
export function leavesInconclusive({ question, acceptedAt }: AppContext, event: ClientRejected): boolean {
  if (question === null || event.workedBefore || event.triesNext || acceptedAt === 0) return false
  return question.control !== 'sent' && question.grants.at(-1) === event.grant
}

export function questionDueAt({ question }: AppContext): number | null {
  if (question === null) return null
  const { probedAt, lookedAt, lastRefusalAt, rounds } = question
  const since = Math.max(probedAt, lookedAt, lastRefusalAt)
  return since + Math.min(longestPause, probeHolds * 2 ** Math.min(rounds, 8))
}

export function isForgotten({ question }: AppContext, at: number): boolean {
  return question !== null && at - question.lastRefusalAt >= forgottenAfter
}

export function errorOf({ reason, action, providerError }: AppError): AppError {
  return { reason, action, providerError }
}
