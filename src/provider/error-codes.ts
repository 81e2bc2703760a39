import { claimsSchema } from '../contract/claims-challenge.ts'
import { type AnswerObject, isObject } from './answer-schema.ts'
import type { ProviderError } from './classified.ts'

/** The error codes in an answer, wherever they are. Never free text. */
export type ErrorCodes = Partial<Omit<ProviderError, 'status'>>

/** A code word can go into events; anything longer or freer might be a secret echoed back. */
const isWord = (value: unknown): value is string => typeof value === 'string' && /^[\w.:-]{1,40}$/.test(value)
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)
const word = (...values: unknown[]): string | undefined => values.find(isWord)

/** Codes that say only that something failed. */
const empty = new Set(['error', 'fail', 'failed', 'failure', 'false', 'true'])
/** Fixed sentences that some providers use instead of codes. */
const phrases: ReadonlyMap<string, string> = new Map([
  // Twitch: dev.twitch.tv/docs/authentication/refresh-tokens
  ['invalid refresh token', 'invalid_refresh_token'],
  ['invalid client secret', 'invalid_client_secret'],
  ['invalid client', 'invalid_client'],
  // Zoom's `reason`: github.com/raycast/extensions/issues/10896
  ['invalid token', 'invalid_token'],
])

/** `error` (RFC 6749 §5.2), or the provider's field for it. */
export function readErrorCodes(body: AnswerObject): ErrorCodes {
  const [error, ...others] = [
    fromError(body.error),
    fromErrors(body.errors),
    fromStatus(body.status),
    fromNumber('errcode', body.errcode),
    fromCode(body.code),
    phraseOf(body.reason),
    // If the code only repeats the HTTP status, the message is compared with known sentences.
    isNumber(body.status) ? phraseOf(body.message) : undefined,
  ].filter((each) => each !== undefined)
  const suberror = word(body.suberror, body.error_subtype) ?? others[0]
  const codes = codesOf(body)
  const claims = claimsSchema.safeParse(body.claims).data
  return {
    ...(error !== undefined && { error }),
    ...(suberror !== undefined && { suberror }),
    ...(codes !== undefined && { codes }),
    ...(claims !== undefined && { claims }),
  }
}

/** True if the answer is an explicit refusal. */
export function saysNo(body: AnswerObject): boolean {
  return body.ok === false || body.success === false || readErrorCodes(body).error !== undefined
}

function fromError(error: unknown): string | undefined {
  if (!isObject(error)) return word(error)
  return word(error.code, error.type, error.status, error.error)
}

function fromErrors(errors: unknown): string | undefined {
  const first = Array.isArray(errors) ? errors[0] : undefined
  if (!isObject(first)) return word(first)
  const whole = [first.resource, first.field, first.code].filter(
    (each) => typeof each === 'string' && each !== '',
  )
  const named = isWord(first.resource) ? word(whole.join('.')) : undefined
  return named ?? word(first.errorType, first.code, first.error, first.type)
}

function fromStatus(status: unknown): string | undefined {
  return isWord(status) && !empty.has(status.toLowerCase()) ? status : undefined
}

function fromCode(code: unknown): string | undefined {
  return isNumber(code) ? fromNumber('code', code) : word(code)
}

/** Numeric codes of different providers overlap. */
function fromNumber(name: string, value: unknown): string | undefined {
  return isNumber(value) && value !== 0 ? `${name}_${value}` : undefined
}

function phraseOf(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 64) return undefined
  return phrases.get(
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, ' ')
      .trim(),
  )
}

const maxCodes = 20

function codesOf({ error, error_codes, error_code }: AnswerObject): number[] | undefined {
  if (Array.isArray(error_codes) && error_codes.every(isNumber)) return error_codes.slice(0, maxCodes)
  const numbers = isObject(error) ? [error.error_subcode, error.code] : [error_code]
  const codes = numbers.filter(isNumber)
  return codes.length > 0 ? codes : undefined
}
