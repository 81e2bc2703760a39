import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection } from 'nats'

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url))

/** The configurations we ship, and under which JetStream API prefix a consumer reaches its durable in each. */
export const variants = [
  { name: 'nats.conf', config: path('nats.conf'), apiPrefix: 'tokenbus.js' },
  { name: 'single-account.conf', config: path('deploy/nats/single-account.conf'), apiPrefix: '$JS.API' },
] as const
export type Variant = (typeof variants)[number]

export const roles = ['service', 'consumer', 'operator'] as const
export type Role = (typeof roles)[number]

/** What the shipped configurations take from the environment. */
export const env = {
  NATS_SERVICE_PASSWORD: 'p',
  NATS_CONSUMER_PASSWORD: 'p',
  NATS_OPERATOR_PASSWORD: 'p',
}

/** Connects as one of the users, whose passwords are all `p`. */
export function connectAs(user: string, { port }: { port: number }): Promise<NatsConnection> {
  return connect({ port, user, pass: 'p', inboxPrefix: `_INBOX_${user}`, timeout: 2_000 })
}
