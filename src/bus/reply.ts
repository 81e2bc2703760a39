import { headers, type Msg, NatsError, ServiceErrorCodeHeader, ServiceErrorHeader } from 'nats'
import { failureStatus } from '../contract/failure-words.ts'
import type { Failure } from '../contract/failures.ts'

/** The reply to a request that failed because of a bug; details are only in the log. */
const internalError = { error: 'internal_error', message: 'tokenbus failed to handle this; its log says why' }

/** Sends bytes unchanged, and any other value as JSON. */
export function respond(message: Msg, value: unknown): void {
  message.respond(value instanceof Uint8Array ? value : JSON.stringify(value))
}

export function respondFailure(message: Msg, failure: Failure): void {
  respondError(message, { status: failureStatus[failure.error], body: failure })
}

export function respondInternalError(message: Msg): void {
  respondError(message, { status: 500, body: internalError })
}

export function isTooLarge(error: unknown): boolean {
  return error instanceof NatsError && error.code === 'MAX_PAYLOAD_EXCEEDED'
}

function respondError(message: Msg, { status, body }: { status: number; body: { error: string } }): void {
  const failed = headers()
  failed.set(ServiceErrorCodeHeader, String(status))
  failed.set(ServiceErrorHeader, body.error)
  message.respond(JSON.stringify(body), { headers: failed })
}
