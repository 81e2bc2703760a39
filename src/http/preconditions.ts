import type { IncomingHttpHeaders } from 'node:http'
import { type Failure, fail, type Result } from '../contract/failures.ts'
import { type IfVersion, ifVersionSchema } from '../contract/fields.ts'
import { refuse } from './refused.ts'

const entityTag = /^"([^"]*)"$/

/**
 * Converts `If-Match` or `If-None-Match: *` of a write to `ifVersion` (RFC 9110 §13.1). A weak entity tag never
 * matches. Throws `Refused`: 400 for an invalid header, 412 for a tag that cannot be one of ours.
 */
export function ifVersionOf(headers: IncomingHttpHeaders): IfVersion | undefined {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  if (noneMatch !== undefined && noneMatch !== '*')
    throw refuse('bad_request', 'if-none-match: must be * on a write')
  if (match === undefined) return noneMatch === undefined ? undefined : 0
  if (match === '*') return '*'
  const tag = ifVersionSchema.safeParse(entityTag.exec(match)?.[1])
  if (tag.success) return tag.data
  throw refuse('precondition_failed', 'if-match: not an entity tag of this resource')
}

/** A conflict of `ifVersion` is reported as a failed precondition if it came from a header. */
export function asPrecondition<T>(result: Result<T>): Result<T> {
  return !result.ok && isStale(result.failure)
    ? fail('precondition_failed', result.failure.message.replace('ifVersion', 'if-match'))
    : result
}

const isStale = ({ error, message }: Failure) => error === 'conflict' && message.startsWith('ifVersion: ')

/** The entity tag of an account or app. */
export function etagOf(value: unknown): string | undefined {
  const { revision } = value as { revision?: unknown }
  return typeof revision === 'string' ? `"${revision}"` : undefined
}
