import type { AppContext, AppEffect, ControlAnswered, Question } from './app-context.ts'

const controlEvery = 10 * 60_000

export interface Pursuit {
  readonly change: Partial<AppContext>
  readonly effect: Extract<AppEffect, { type: 'control.send' | 'account.probe' }>
}

/** Is the right secret answered differently from a made-up one at this endpoint? Only then does a control request tell anything. */
export function isSighted({ baseline }: AppContext, { endpoint }: { readonly endpoint: string }): boolean {
  return baseline?.endpoint === endpoint && baseline.ownSecret !== baseline.madeUpSecret
}

/** That the client is accepted is not what unknown words leave open: there only other accounts tell. */
export function canControlTell(context: AppContext, question: Question): boolean {
  return question.accusation !== 'unknown' && isSighted(context, question)
}

export function maySendControl(context: AppContext, question: Question, at: number): boolean {
  const isRested = context.controlAt === 0 || at - context.controlAt >= controlEvery
  return question.control === 'none' && isRested && canControlTell(context, question)
}

/** One that is out, or will be sent, outweighs any number of grants. */
export function isControlDecisive(context: AppContext, at: number): boolean {
  const { question } = context
  return question !== null && (question.control === 'sent' || maySendControl(context, question, at))
}

export type ControlVerdict = 'accepted' | 'rejected' | 'inconclusive'

/** A made-up token was answered: as with an accepted client, as with a refused one, or as neither. */
export function controlVerdict(context: AppContext, event: ControlAnswered): ControlVerdict {
  const { baseline, question } = context
  if (event.answer === null || baseline === null || question === null) return 'inconclusive'
  if (!isSighted(context, question)) return 'inconclusive'
  if (event.answer === baseline.ownSecret) return 'accepted'
  return event.accuses || event.answer === baseline.madeUpSecret ? 'rejected' : 'inconclusive'
}

/** The secret a request is sent with: the first that is not known to be refused. */
export function preferredSecret({ secrets }: AppContext): string | null {
  return (secrets.find(({ rejected }) => !rejected) ?? secrets[0])?.id ?? null
}

export function sendControl(context: AppContext, at: number): Pursuit {
  const question = context.question as Question
  const asked = { ...question, control: 'sent', probe: null, probedAt: at } as const
  const effect = { type: 'control.send', question: question.id, secret: preferredSecret(context) } as const
  return { change: { question: asked, controlAt: at }, effect }
}
