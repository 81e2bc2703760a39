import { answeredWords } from './failure-words.ts'

/** The groups of verbs that metrics count by. */
export const verbClasses = ['token', 'account', 'app', 'other'] as const
export type VerbClass = (typeof verbClasses)[number]

/** `internal_error` is the answer to an unexpected failure. */
export const answeredErrors = Object.keys(answeredWords) as readonly (keyof typeof answeredWords)[]
export type AnsweredError = (typeof answeredErrors)[number]

/** A request that was answered with a failure. */
export interface FailedRequest {
  readonly error: AnsweredError
  readonly verbs: VerbClass
  readonly over: 'nats' | 'http'
}
