import type { Refusal } from '../provider/classified.ts'

/** A key by which refusals can be compared; null for refusals that do not depend on the request. */
export function answerKey({ class: refusalClass, unknownWords, providerError }: Refusal): string | null {
  const { status, error, suberror = '' } = providerError
  if (status === null || (refusalClass === 'T' && !unknownWords)) return null
  return `${status} ${error} ${suberror}`.trim()
}
