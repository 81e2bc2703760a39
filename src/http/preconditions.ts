import type { IncomingHttpHeaders } from 'node:http'
import { type Failure, fail, type Result } from '../contract/failures.ts'
import { type IfVersion, ifVersionSchema } from '../contract/fields.ts'
import { refuse } from './refused.ts'

const entityTag = /^"([^"]*)"$/

export interface PreconditionOf {
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  readonly route: { readonly checksVersion?: true }
}

/** The precondition of a write. Throws `Refused` for a header that would be ignored or contradicted. */
export function ifVersionOf({ headers, body, route }: PreconditionOf): IfVersion | undefined {
  const inBody = (body as { readonly ifVersion?: IfVersion } | undefined)?.ifVersion
  const header = headerOf(headers)
  if (header === undefined) return inBody
  if (!route.checksVersion) throw refuse('bad_request', `${header}: this request checks no precondition`)
  const inHeader = fromHeaders(headers)
  if (inBody !== undefined && inBody !== inHeader)
    throw refuse('bad_request', `ifVersion: differs from ${header}`)
  return inHeader
}

function headerOf({ 'if-match': match, 'if-none-match': noneMatch }: IncomingHttpHeaders) {
  if (match !== undefined) return 'if-match'
  return noneMatch === undefined ? undefined : 'if-none-match'
}

/**
 * Converts `If-Match` or `If-None-Match: *` of a write to `ifVersion` (RFC 9110 §13.1). A weak entity tag never
 * matches. Throws `Refused`: 400 for an invalid header, 412 for a tag that cannot be one of ours.
 */
function fromHeaders({ 'if-match': match, 'if-none-match': noneMatch }: IncomingHttpHeaders): IfVersion {
  if (noneMatch !== undefined && noneMatch !== '*')
    throw refuse('bad_request', 'if-none-match: must be * on a write')
  if (match === undefined) return 0
  if (noneMatch !== undefined)
    throw refuse('bad_request', 'if-none-match: must not be combined with if-match')
  if (match === '*') return '*'
  const tag = ifVersionSchema.safeParse(entityTag.exec(match)?.[1])
  if (tag.success) return tag.data
  throw refuse('precondition_failed', 'if-match: not an entity tag of this resource')
}

/** A conflict of `ifVersion` is reported as a failed precondition if it came from a header. */
export function asPrecondition<T>(result: Result<T>, headers: IncomingHttpHeaders): Result<T> {
  const header = headerOf(headers)
  return !result.ok && header !== undefined && isStale(result.failure)
    ? fail('precondition_failed', result.failure.message.replace('ifVersion', header))
    : result
}

const isStale = ({ error, message }: Failure) => error === 'conflict' && message.startsWith('ifVersion: ')

/** The entity tag of an account or app. */
export function etagOf(value: unknown): string | undefined {
  const { revision } = value as { revision?: unknown }
  return typeof revision === 'string' ? `"${revision}"` : undefined
}
