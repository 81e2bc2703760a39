import { parseNatsUrl } from '../bus/nats-url.ts'
import { hostPort } from '../common/host-port.ts'
import { version } from '../common/version.ts'
import { redisAddress } from '../redis/connect.ts'
import { parseKeys } from '../redis/seal-keys.ts'
import type { Config } from './config.ts'

/** A node's configuration for the log: hosts without credentials, keys by id. Throws `StartError`. */
export function describeConfig(config: Config): object {
  const { natsUrl, redisUrl, keys, publicUrl, http, audit, natsCreds: _, ...plain } = config
  return {
    version,
    ...plain,
    listen: hostPort(http.host, http.port),
    ...(natsUrl !== undefined && { nats: parseNatsUrl(natsUrl).servers.join(', ') }),
    ...(redisUrl !== undefined && { redis: redisAddress(redisUrl) }),
    ...(keys !== undefined && { keys: parseKeys(keys).map(({ id }) => id) }),
    ...(publicUrl !== undefined && { publicUrl: withoutCredentials(publicUrl) }),
    audit: audit.to === 'file' ? `file:${audit.path}` : audit.to,
  }
}

function withoutCredentials(text: string): string {
  const { origin, pathname } = new URL(text)
  return origin === 'null' ? '***' : `${origin}${pathname}`
}
