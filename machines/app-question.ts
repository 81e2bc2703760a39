import type {
  Accusation,
  AppContext,
  AppError,
  ClientRejected,
  Question,
  WitnessAbsent,
} from './app-context.ts'
import {
  canControlTell,
  isControlDecisive,
  maySendControl,
  type Pursuit,
  sendControl,
} from './app-control.ts'

const second = 1_000
const minute = 60 * second

/** Whoever was let out to find out more has this long to come back. */
export const probeHolds = 10 * second
/** The app looks for more evidence after 10 s, then ever more slowly. */
const longestPause = 2 * minute
/** What one grant alone has to hear before it is believed. */
export const fewestRefusals = { count: 4, over: 10 * minute } as const
/** Where a control can tell, and says nothing. */
const refusalsBesideControl = 2 * fewestRefusals.count
/** For this long what cleared the app speaks for it against grants that never worked. */
const proofHolds = 10 * minute
const denialHolds = 24 * 60 * minute
const forgottenAfter = 30 * minute
/** So many refused grants are remembered, and asked where none of them counts alone. */
export const mostGrants = 4

type Change = Partial<AppContext>

// Whose refusal it is

type Refusal = Pick<ClientRejected, 'at' | 'accusation' | 'workedBefore' | 'refusedBefore'>

/** The grant's own: the client was seen accepted since it was first refused, or just before by others. */
export function isOwnRefusal({ clearedAt, question }: AppContext, refusal: Refusal): boolean {
  const { at, accusation, workedBefore, refusedBefore } = refusal
  if (clearedAt === 0) return false
  if (refusedBefore !== null && refusedBefore < clearedAt) return true
  const weak = !workedBefore || accusation === 'general'
  return question === null && weak && at - clearedAt < proofHolds
}

/** Nobody is accepted, and that is known. */
export function isRefusedToAll({ refusedSince }: AppContext, { accusation }: Refusal): boolean {
  return refusedSince !== null && accusation === 'unknown'
}

export function opensQuestion(context: AppContext, event: ClientRejected): boolean {
  const { question, clearedAt, secrets } = context
  const isCurrent = event.refusedSecrets.every((id) => secrets.some((secret) => secret.id === id))
  if (!isCurrent || event.sent.at < clearedAt || isRefusedToAll(context, event)) return false
  if (question !== null && question.endpoint === event.sent.endpoint) return false
  return !isOwnRefusal(context, event) && !isFirstDenial(context, event)
}

/** A general word means the grant, until a second grant hears it. */
function isFirstDenial(
  { denial }: AppContext,
  { accusation, grant, at }: Pick<ClientRejected, 'accusation' | 'grant' | 'at'>,
): boolean {
  if (accusation !== 'general') return false
  return denial === null || denial.grant === grant || at - denial.at >= denialHolds
}

/** Said under a question about unknown words it answers nothing: it is the first of another kind. */
export function isOwnDenial(
  context: AppContext,
  event: Pick<ClientRejected, 'accusation' | 'grant' | 'at'>,
): boolean {
  const isUnasked = context.question === null || context.question.accusation === 'unknown'
  return isUnasked && isFirstDenial(context, event)
}

export function notesDenial(context: AppContext, event: ClientRejected): boolean {
  return isOwnDenial(context, event) && context.denial?.grant !== event.grant
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
  return isEvidence(context, event) && !isOwnDenial(context, event)
}

/** Two grants are refused where only grants count, or one is again and again and nobody else can be asked. */
export function isProvenBroken(context: AppContext, event: ClientRejected): boolean {
  const { question } = context
  if (question === null || event.triesNext || !countsAgainst(context, event)) return false
  if (isSecondGrant(context, event) && !isControlDecisive(context, event.at)) return true
  return isBelieved(context, { ...question, refusals: question.refusals + 1 }, event.at)
}

function isSecondGrant({ question, acceptedAt }: AppContext, event: ClientRejected): boolean {
  const isOther = question?.grants.includes(event.grant) === false
  return isOther && (event.workedBefore || acceptedAt === 0)
}

/**
 * Where a control can tell, a second refused grant is no proof but a reason to send one: although the last was sent not
 * long ago, and once more where it said nothing. So is each repeated refusal that would be believed elsewhere.
 */
export function callsForControl(context: AppContext, event: ClientRejected): boolean {
  const { question } = context
  if (question === null || event.triesNext || !countsAgainst(context, event)) return false
  const asked = { ...question, accusation: accusationWith(question, event) }
  if (question.control === 'sent' || !canControlTell(context, asked)) return false
  const isSecond = isSecondGrant(context, event)
  if (question.control === 'none') return isSecond
  const refusals = question.refusals + 1
  const isRepeated = hasLasted(question, event.at) && refusals >= fewestRefusals.count
  return (isSecond && question.grants.length === 1) || (isRepeated && refusals < refusalsBesideControl)
}

/** A refusal with a known error word outweighs the unknown word that opened the question. */
function accusationWith({ accusation }: Question, event: ClientRejected): Accusation {
  return accusation === 'unknown' ? event.accusation : accusation
}

const hasLasted = ({ openedAt }: Question, at: number) => at - openedAt >= fewestRefusals.over

/** By repetition, where nothing else is to be had. */
function isBelieved(context: AppContext, question: Question, at: number): boolean {
  const fewest = canControlTell(context, question) ? refusalsBesideControl : fewestRefusals.count
  return question.refusals >= fewest && hasLasted(question, at)
}

/** Without any witness, or, where no control can tell, by the word of all: one that worked, and others that never did. */
export function isBrokenByAbsence(context: AppContext, { at, allRefused }: WitnessAbsent): boolean {
  const { question } = context
  if (question === null) return false
  const isUnanimous = allRefused === true && question.worked === true && question.grants.length > 1
  return (isUnanimous && !canControlTell(context, question)) || isBelieved(context, question, at)
}

export function addRefusal({ question }: AppContext, event: ClientRejected): Change {
  if (question === null) return {}
  const isFirstGrant = question.grants[0] === event.grant
  // A grant has been refused once every secret was.
  const counts = event.triesNext ? 0 : 1
  const others = (question.tried ?? []).filter(({ grant }) => grant !== event.grant)
  return {
    question: {
      ...question,
      accusation: accusationWith(question, event),
      grants: [...new Set([...question.grants, ...(counts ? [event.grant] : [])])].slice(0, mostGrants),
      refusals: question.refusals + counts,
      worked: question.worked === true || (counts > 0 && event.workedBefore),
      lastRefusalAt: event.at,
      refusedSecrets: isFirstGrant
        ? [...new Set([...question.refusedSecrets, ...event.refusedSecrets])]
        : question.refusedSecrets,
      tried: [...others, ...triedBy(event)].slice(-mostGrants),
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

// Who is asked next

/** A control where it can tell, else another account. */
export function pursue(context: AppContext, at: number): Pursuit {
  const question = context.question as Question
  if (maySendControl(context, question, at)) return sendControl(context, at)
  const control = question.control === 'sent' ? 'inconclusive' : question.control
  const asked = { ...question, control, probe: null, probedAt: 0, lookedAt: at, rounds: question.rounds + 1 }
  return { change: { question: asked }, effect: { type: 'account.probe' } }
}

/** Nothing was looked for yet: the first attempt had other secrets to try. */
export function isUnpursued({ question }: AppContext): boolean {
  return question !== null && question.probe === null && question.rounds === 0 && question.control === 'none'
}

/** The refusal of a grant that never worked proves little: the next account is asked at once. */
export function leavesOpen({ question, acceptedAt }: AppContext, event: ClientRejected): boolean {
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
