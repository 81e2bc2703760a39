import type { AppContext, Question } from './app-context.ts'
import type { AppEffect } from './app-effects.ts'
import type { ControlAnswered } from './app-events.ts'

const controlEvery = 10 * 60_000

export interface NextEvidence {
  readonly change: Partial<AppContext>
  readonly effect: Extract<AppEffect, { type: 'control.send' | 'account.probe' }>
}

/** Is the right secret answered differently from a made-up one at this endpoint? Only then is a control request conclusive. */
export function isBaselineConclusive(
  { baseline }: AppContext,
  { endpoint }: { readonly endpoint: string },
): boolean {
  return baseline?.endpoint === endpoint && baseline.ownSecret !== baseline.madeUpSecret
}

/** A control shows only whether the client is accepted, so for unknown error codes it is not conclusive. */
export function isControlConclusive(context: AppContext, question: Question): boolean {
  return question.accusation !== 'unknown' && isBaselineConclusive(context, question)
}

export function maySendControl(context: AppContext, question: Question, at: number): boolean {
  const isRested = context.controlAt === 0 || at - context.controlAt >= controlEvery
  return question.control === 'none' && isRested && isControlConclusive(context, question)
}

/** A control that was sent, or will be, outweighs the refusals of any number of grants. */
export function isControlDecisive(context: AppContext, at: number): boolean {
  const { question } = context
  return question !== null && (question.control === 'sent' || maySendControl(context, question, at))
}

export type ControlResult = 'accepted' | 'rejected' | 'inconclusive'

/** Compares the answer to a made-up token with the baseline of an accepted and of a refused client. */
export function controlResult(context: AppContext, event: ControlAnswered): ControlResult {
  const { baseline, question } = context
  if (event.answer === null || baseline === null || question === null) return 'inconclusive'
  if (!isBaselineConclusive(context, question)) return 'inconclusive'
  if (event.answer === baseline.ownSecret) return 'accepted'
  return event.accuses || event.answer === baseline.madeUpSecret ? 'rejected' : 'inconclusive'
}

/** The secret to send: the first that is not known to be rejected. */
export function preferredSecret({ secrets }: AppContext): string | null {
  return (secrets.find(({ rejected }) => !rejected) ?? secrets[0])?.id ?? null
}

export function sendControl(context: AppContext, at: number): NextEvidence {
  const question = context.question as Question
  const next = { ...question, control: 'sent', probe: null, probedAt: at } as const
  const effect = { type: 'control.send', question: question.id, secret: preferredSecret(context) } as const
  return { change: { question: next, controlAt: at }, effect }
}
