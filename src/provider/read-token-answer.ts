import type { IncomingHttpHeaders } from 'node:http'
import { Secret } from '../common/secret.ts'
import { causedBy } from '../contract/reasons.ts'
import { parseAnswer, type TokensBody } from './answer-schema.ts'
import type { AppConfig } from './app-config.ts'
import { boundedScopes } from './bounded-scopes.ts'
import type { ErrorRow, ProviderError } from './classified.ts'
import { classify, isRecoverable } from './classify.ts'
import { decodeBody } from './decode-body.ts'
import { clockSkew, dialects } from './dialects.ts'
import { unknownWords } from './error-classes.ts'
import { type ErrorCodes, readErrorCodes, saysNo } from './error-codes.ts'
import type { Exchange } from './http.ts'
import { dialectOf } from './presets.ts'
import { dateOf, retryAfterSeconds } from './retry-after.ts'
import { leeway } from './sign-assertion.ts'
import { refused, type TokenAnswer, type Tokens } from './token-answer.ts'
import { tokenFields } from './token-fields.ts'
import { livesOf } from './token-life.ts'
import { lostRefusal, unsentRefusal } from './transport-refusal.ts'

export interface ReadTokenAnswer {
  readonly exchange: Exchange
  readonly config: Pick<
    AppConfig,
    'provider' | 'preset' | 'grant' | 'answer' | 'maxTokenLife' | 'scopeSeparator'
  >
  /** The refresh token that was sent; if the answer repeats it, it was not rotated. */
  readonly refreshToken?: Secret
  readonly workedBefore: boolean
  /** Milliseconds of the local clock, and of the estimated clock of the provider. */
  readonly now: number
  readonly providerNow: number
}

const unavailable: ErrorRow = { class: 'T', ...causedBy('provider_unavailable') }
const throttled: ErrorRow = { class: 'T', ...causedBy('throttled') }
const unreadable: ErrorRow = { class: 'T', ...causedBy('unreadable_answer') }
const withoutToken: ErrorRow = { class: 'T', ...causedBy('no_token_in_answer') }
const unknownCode: ErrorRow = {
  class: 'C',
  ...causedBy('unknown_error', 'settings'),
}
const redirected: ErrorRow = {
  class: 'C',
  ...causedBy('misconfigured', 'redirects'),
}

/** Interprets the answer of a token endpoint. The order of the checks matters. */
export function readTokenAnswer(asked: ReadTokenAnswer): TokenAnswer {
  const { exchange } = asked
  if (exchange.kind === 'unsent') return refused(unsentRefusal(exchange.code))
  if (exchange.kind === 'lost') return refused(lostRefusal(exchange.code))
  const { status, headers } = exchange
  const body = exchange.kind === 'cut' ? undefined : bodyOf(exchange)
  const fields = status < 300 && body !== undefined ? tokenFields(body, asked.config.answer) : undefined
  if (fields?.access_token !== undefined) return readTokens({ ...asked, headers, fields })

  const words = body === undefined ? {} : readErrorCodes(body)
  const providerError = {
    status,
    error: exchange.kind === 'cut' ? exchange.code : `http_${status}`,
    ...words,
  }
  const isBare = exchange.kind === 'answered' && exchange.body.length === 0
  const row = meaningOf({ ...asked, status, headers, words: body && words, isBare, providerError })
  const retryAfter = retryAfterSeconds(headers, asked.now) ?? row.retryAfter
  return refused({
    class: row.class,
    reason: row.reason,
    action: row.action,
    recoverable: isRecoverable(row.class),
    sent: true,
    // An explicit refusal contains no tokens, whatever its status.
    inDoubt: row.class === 'T' && mayHideTokens(status) && !(row.unknownWords && body && saysNo(body)),
    ...(retryAfter !== undefined && row.class === 'T' && { retryAfter }),
    ...marksOf(row),
    providerError,
  })
}

type Answered = Extract<ReadTokenAnswer['exchange'], { kind: 'answered' }>

const bodyOf = ({ body, headers }: Answered) =>
  parseAnswer(decodeBody({ body, encoding: headers['content-encoding'] }))

function marksOf({ alarm, general, unknownWords: unknown }: ErrorRow) {
  return {
    ...(alarm && { alarm }),
    ...(general && { general }),
    ...(unknown && { unknownWords: unknown }),
  }
}

interface Meaning extends Omit<ReadTokenAnswer, 'exchange'> {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Undefined if the body is not a JSON object. */
  readonly words: ErrorCodes | undefined
  /** An empty body, so it is no page of an intermediary. */
  readonly isBare: boolean
  readonly providerError: ProviderError
}

function meaningOf({ status, words, isBare, providerError, workedBefore, ...asked }: Meaning): ErrorRow {
  const byStatus = meaningOfStatus(status)
  if (byStatus !== undefined) return byStatus
  if (words === undefined) return isBare && workedBefore ? unknownWords : unreadable
  if (status >= 400 && isClockSkew({ ...asked, providerError })) return clockSkew
  const dialect = status >= 400 ? dialects[dialectOf(asked.config)] : undefined
  const known = classify({ providerError, workedBefore, dialect })
  if (known !== undefined) return known
  if (status < 300) return workedBefore ? { ...withoutToken, unknownWords: true } : withoutToken
  if (workedBefore) return unknownWords
  return status === 400 && words.error !== undefined ? unknownCode : unreadable
}

/** Statuses that are conclusive without an error code. */
function meaningOfStatus(status: number): ErrorRow | undefined {
  if (status === 429) return throttled
  if (status === 408 || status >= 500) return unavailable
  return status >= 300 && status < 400 ? redirected : undefined
}

/** The assertion was signed with a clock that differs from the provider's, or whose difference is unknown. */
function isClockSkew(asked: Pick<Meaning, 'config' | 'headers' | 'providerError' | 'providerNow'>): boolean {
  if (asked.config.grant !== 'jwt_bearer' || asked.providerError.error !== 'invalid_grant') return false
  const date = dateOf(asked.headers)
  return date === undefined || Math.abs(date - asked.providerNow) > leeway * 1_000
}

/** After a gateway error, or an unreadable success, tokens may have been issued. */
function mayHideTokens(status: number): boolean {
  return status < 300 || status === 408 || (status > 500 && status !== 503)
}

interface ReadTokens extends Pick<ReadTokenAnswer, 'refreshToken' | 'now' | 'config'> {
  readonly headers: IncomingHttpHeaders
  readonly fields: TokensBody
}

function readTokens({ headers, fields, refreshToken, now, config }: ReadTokens): Tokens {
  const { access_token, refresh_token, id_token, scope } = fields
  const rotated = refresh_token !== undefined && refresh_token !== refreshToken?.reveal()
  const date = dateOf(headers)
  return {
    kind: 'tokens',
    accessToken: new Secret(access_token as string),
    ...(rotated && { refreshToken: new Secret(refresh_token) }),
    ...(id_token !== undefined && { idToken: new Secret(id_token) }),
    ...livesOf({ fields, config, now: date ?? now }),
    ...(scope !== undefined && boundedScopes(scope, config.scopeSeparator)),
    ...(date !== undefined && { dateSkewMs: date - now }),
  }
}
