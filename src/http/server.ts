import type { Logger } from 'pino'
import type { Tokenbus } from '../api.ts'
import type { ApiTokens } from '../host/api-tokens.ts'
import { StartError } from '../start-error.ts'
import { accountRoutes } from './accounts.ts'
import { authenticate } from './authenticate.ts'
import { answerErrors } from './errors.ts'
import { hardenedServer } from './hardened-server.ts'
import { healthRoutes, type Readiness } from './health.ts'
import { type OauthTokenOptions, oauthTokenRoute } from './oauth-token.ts'
import { openApi } from './openapi.ts'
import { createRateLimits } from './rate-limits.ts'
import { register } from './route.ts'

export interface HttpOptions extends OauthTokenOptions {
  readonly host: string
  readonly port: number
  readonly tokenbus: Tokenbus
  readonly apiTokens: Pick<ApiTokens, 'verify'>
  readonly readiness: Readiness
  readonly version: string
  readonly logger: Pick<Logger, 'error'>
}

/** The HTTP side: thin over `Tokenbus`, as NATS is. Rejects with `StartError`. */
export async function startHttp(options: HttpOptions): Promise<{ url: string; stop(): Promise<void> }> {
  const { host, port, apiTokens, readiness, version, logger } = options
  const server = hardenedServer()
  answerErrors(server, logger)
  authenticate(server, { apiTokens, limits: createRateLimits() })
  healthRoutes(server, readiness)
  const routes = [oauthTokenRoute(options), ...accountRoutes(options)]
  for (const each of routes) register(server, each)
  const document = openApi({ routes, version })
  server.get('/openapi.json', { config: { access: 'open' } }, async () => document)
  try {
    return { url: await server.listen({ host, port }), stop: () => server.close() }
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const why = taken ? 'is taken' : 'cannot be listened on'
    throw new StartError(
      `HTTP port ${host}:${port} ${why}; set TOKENBUS_HTTP_PORT to a free one (0 picks any).`,
      { cause },
    )
  }
}
