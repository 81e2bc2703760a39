import type { Refusal } from '../provider/classified.ts'

/** What was said, comparable with what is said at other times; null for what is said to whoever asks. */
export function answerKey({ class: refusalClass, unknownWords, providerError }: Refusal): string | null {
  const { status, error, suberror = '' } = providerError
  if (status === null || (refusalClass === 'T' && !unknownWords)) return null
  return `${status} ${error} ${suberror}`.trim()
}
