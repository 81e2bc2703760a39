import { headers, type Msg, NatsError, ServiceErrorCodeHeader, ServiceErrorHeader } from 'nats'
import { type Failure, failureStatus } from '../contract/failures.ts'

/** The body of an answer to a request that failed for no expected reason. What happened is in the log. */
const internalError = { error: 'internal_error', message: 'tokenbus failed to handle this; its log says why' }

/** Sends a value: bytes as they are, anything else as JSON. */
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
