import { ErrorCode, NatsError } from 'nats'

/** Error codes of the JetStream API (nats-server, server/errors.json). */
export const consumerNotFound = 10014
export const noMessageFound = 10037
export const streamNotFound = 10059
export const streamNameInUse = 10058
export const notEnabled = 10076
export const notEnabledForAccount = 10039
export const replicasNotSupported = 10074
export const noSuitablePeers = 10005
const messageExceedsMaximum = 10054
const headerExceedsMaximum = 10097

/** The error code of the JetStream API, if JetStream answered with an error. */
export function jetStreamCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined
}

/** A permanent failure of this one message: retrying cannot make it smaller. */
export function isTooLarge(error: unknown): boolean {
  const code = jetStreamCode(error)
  return (
    code === messageExceedsMaximum ||
    code === headerExceedsMaximum ||
    (error instanceof NatsError && error.code === ErrorCode.MaxPayloadExceeded)
  )
}

/** The server rejected this message; the server itself works, and may accept the next. */
export function isRejected(error: unknown): boolean {
  if (!(error instanceof NatsError)) return false
  return error.permissionContext !== undefined || (error.api_error?.code ?? 500) < 500
}

/** No stream answered: it may have been deleted. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof NatsError && error.api_error === undefined
}

/** Why JetStream did not store an event, as text for the operator. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof NatsError)) return error instanceof Error ? error.message : String(error)
  if (error.api_error !== undefined) return error.api_error.description
  if (error.code === ErrorCode.Timeout) return 'JetStream does not answer'
  return error.code === ErrorCode.NoResponders ? 'there is no stream for it' : error.message
}
