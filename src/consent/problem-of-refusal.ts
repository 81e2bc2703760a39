import { z } from 'zod'
import type { ProviderError, Refusal } from '../provider/classified.ts'
import { classify } from '../provider/classify.ts'
import { type ConsentProblem, problemOf, problems } from './problems.ts'

type Said = Pick<ProviderError, 'error' | 'codes'>

const words = Object.keys(problems) as ConsentProblem[]
const find = (fits: (row: ReturnType<typeof problemOf>) => boolean | undefined) =>
  words.find((word) => fits(problemOf(word)))

const meaningOf = (said: Said) => classify({ providerError: { status: null, ...said }, workedBefore: false })

/** Numeric codes take precedence over error codes, and those over the class of the refusal. */
function problemFor({ error, codes = [] }: Said, reason: string | undefined): ConsentProblem | undefined {
  const numbered = meaningOf({ error: '', codes })?.reason
  return (
    find((row) => row.codes?.some((code) => codes.includes(code))) ??
    find((row) => row.reasons?.some((each) => each === numbered)) ??
    find((row) => row.words?.includes(error)) ??
    find((row) => row.reasons?.some((each) => each === reason))
  )
}

/** Maps a refused code exchange to a problem. */
export function problemOfRefusal({ providerError, reason, class: failureClass }: Refusal): ConsentProblem {
  if (failureClass === 'T') return 'provider_unavailable'
  return problemFor(providerError, reason) ?? 'provider_refused'
}

const wordSchema = z.string().regex(/^[\w.:-]{1,64}$/)

export interface Declined extends Said {
  readonly problem: ConsentProblem
}

/**
 * Maps the error of a callback (RFC 6749 §4.1.2.1) to a problem; undefined if there is none. Microsoft's numeric code
 * is only at the beginning of `error_description`; nothing else of that text is used.
 */
export function declinedIn({ searchParams }: URL): Declined | undefined {
  const declined = searchParams.get('error')
  if (declined === null) return undefined
  const error = wordSchema.safeParse(declined).data ?? 'unknown_error'
  const [, code] = /^AADSTS(\d{4,8})\b/.exec(searchParams.get('error_description') ?? '') ?? []
  const codes = code === undefined ? [] : [Number(code)]
  const meaning = meaningOf({ error, codes })
  if (meaning?.class === 'T') return { problem: 'provider_unavailable', error, codes }
  return { problem: problemFor({ error, codes }, meaning?.reason) ?? 'provider_refused', error, codes }
}
