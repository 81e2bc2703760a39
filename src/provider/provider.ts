import type { Logger } from 'pino'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { AppConfig } from './app-config.ts'
import { type AuthorizationCode, createAuthorizationCode } from './authorization-code.ts'
import { checkEndpoint } from './check-endpoint.ts'
import { createDeviceAuthorization, type DeviceAuthorization } from './device-authorization.ts'
import { createEndpoints, type Endpoints } from './endpoints.ts'
import { createHttp, type HttpOptions } from './http.ts'
import { createProviderClocks } from './provider-clocks.ts'
import { createRevocation, type Revocation } from './revoke.ts'
import { createSignedIn } from './signed-in.ts'
import { createTokenRequests, type TokenRequests } from './token-request.ts'
import { urlFields } from './url-params.ts'

export interface ProviderOptions extends HttpOptions {
  readonly logger?: Pick<Logger, 'warn' | 'error'>
}

/** All requests to OAuth providers. */
export interface Provider
  extends AuthorizationCode,
    DeviceAuthorization,
    Revocation,
    Pick<TokenRequests, 'refreshToken'> {
  readonly resolveEndpoint: Endpoints['resolve']
  /** Checks that requests may be sent to the URLs of these settings. Fails with `invalid_config`, naming the first invalid one. */
  checkUrls(config: AppConfig): Promise<Result<void>>
  /** Waits for responses in flight. */
  close(): Promise<void>
}

/** All requests share one connection pool. */
export function createProvider({ logger, ...options }: ProviderOptions): Provider {
  const { allowPrivate } = options
  const http = createHttp(options)
  const endpoints = createEndpoints({ http, allowPrivate, ...(logger && { logger }) })
  const ways = { http, endpoints, clocks: createProviderClocks(), ...(logger && { logger }) }
  const { requestTokens, refreshToken } = createTokenRequests(ways)
  const askSignedIn = createSignedIn({ http, endpoints })
  return {
    refreshToken,
    resolveEndpoint: endpoints.resolve,
    ...createAuthorizationCode({ endpoints, requestTokens, askSignedIn }),
    ...createDeviceAuthorization(ways, { requestTokens, askSignedIn }),
    ...createRevocation(ways),
    async checkUrls(config) {
      for (const field of urlFields) {
        const url = config[field]
        const allowed = url === undefined ? ok(undefined) : await checkEndpoint(url, { allowPrivate })
        if (!allowed.ok) return fail('invalid_config', `params: ${field} ${allowed.failure.message}`)
      }
      return ok(undefined)
    },
    close: () => http.close(),
  }
}
