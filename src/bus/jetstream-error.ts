import { NatsError } from 'nats'

/** Error codes of the JetStream API (nats-server, server/errors.json). */
export const consumerNotFound = 10014
export const noMessageFound = 10037
export const streamNotFound = 10059
export const streamNameInUse = 10058
export const notEnabled = 10076
export const notEnabledForAccount = 10039
export const replicasNotSupported = 10074
export const noSuitablePeers = 10005

/** The API's own code, if JetStream answered with an error. */
export function jetStreamCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined
}
