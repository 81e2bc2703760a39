import type { Logger } from 'pino'
import { createAuthorizationCode } from './authorization-code.ts'
import { createEndpoints } from './endpoints.ts'
import { createHttp } from './http.ts'
import { createProviderClocks } from './provider-clocks.ts'
import { createRevocation } from './revoke.ts'
import { createTokenRequests } from './token-request.ts'

export interface ProviderOptions {
  /** Also connect to loopback and private addresses, and over plain http. */
  readonly allowPrivate: boolean
  readonly logger?: Pick<Logger, 'warn' | 'error'>
}

export type Provider = ReturnType<typeof createProvider>

/** All that is asked of OAuth providers, over one pool of connections. */
export function createProvider({ allowPrivate, logger }: ProviderOptions) {
  const http = createHttp({ allowPrivate })
  const endpoints = createEndpoints({ http, allowPrivate, ...(logger && { logger }) })
  const ways = { http, endpoints, clocks: createProviderClocks(), ...(logger && { logger }) }
  const { requestTokens, refreshToken } = createTokenRequests(ways)
  return {
    refreshToken,
    resolveEndpoint: endpoints.resolve,
    ...createAuthorizationCode({ endpoints, requestTokens }),
    ...createRevocation(ways),
    /** Waits for the answers still under way. */
    close: (): Promise<void> => http.close(),
  }
}
