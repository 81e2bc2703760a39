import { z } from 'zod'
import { type FailureWord, failureStatus } from './failure-words.ts'
import { accountStateSchema, idSchema, type Sent } from './fields.ts'
import { causedBy } from './reasons.ts'

const expectedFailureSchema = z.strictObject({
  error: z.enum(Object.keys(failureStatus) as FailureWord[]),
  message: z.string(),
  account: idSchema.optional(),
  state: accountStateSchema.optional(),
  reason: z.string().optional(),
  recoverable: z.boolean().optional(),
  action: z.string().optional(),
  user: z.string().optional().describe('the user the account belongs to, with reason identity_mismatch'),
  claims: z.string().optional().describe('the claims the user must satisfy when signing in again, as JSON'),
  retryAfter: z.int().positive().optional().describe('whole seconds'),
})

/** An expected failure; this is the body of the reply over NATS. */
export type Failure = Sent<typeof expectedFailureSchema>

/** The reply to any request that fails; the header `Nats-Service-Error` has the same code. */
export const failureSchema = expectedFailureSchema.extend({
  error: z.enum([...expectedFailureSchema.shape.error.options, 'internal_error']),
})

export interface Failed {
  readonly ok: false
  readonly failure: Failure
}

export type Result<T> = { readonly ok: true; readonly value: T } | Failed

export function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function fail(
  error: FailureWord,
  message: string,
  details: Omit<Failure, 'error' | 'message'> = {},
): Failed {
  return { ok: false, failure: { error, message, ...details } }
}

export function appNotFound(): Failed {
  return fail('app_not_found', 'there is no such app')
}

export function accountNotFound(account: string): Failed {
  return fail('account_not_found', 'there is no such account', { account })
}

/** An account of a disabled app, which is served again as soon as the app is enabled. */
export function appDisabled(details: Pick<Failure, 'account' | 'state'> = {}): Failed {
  const why = { ...causedBy('app_disabled', 'here'), recoverable: true }
  return fail('app_disabled', 'the app is disabled', { ...details, ...why })
}
