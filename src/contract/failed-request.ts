import { answeredWords } from './failure-words.ts'

/** What requests are about, as far as it is counted. */
export const verbClasses = ['token', 'account', 'app', 'other'] as const
export type VerbClass = (typeof verbClasses)[number]

/** `internal_error` is what an unexpected failure is answered with. */
export const answeredErrors = Object.keys(answeredWords) as readonly (keyof typeof answeredWords)[]
export type AnsweredError = (typeof answeredErrors)[number]

/** A request that was answered, and not with a success. */
export interface FailedRequest {
  readonly error: AnsweredError
  readonly verbs: VerbClass
  readonly over: 'nats' | 'http'
}
