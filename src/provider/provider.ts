import type { Logger } from 'pino'
import { createAuthorizationCode } from './authorization-code.ts'
import { createEndpoints } from './endpoints.ts'
import { createHttp } from './http.ts'
import { createRevocation } from './revoke.ts'
import { createTokenRequests } from './token-request.ts'

export interface ProviderOptions {
  /** Also connect to loopback and private addresses, and over plain http. */
  readonly allowPrivate: boolean
  readonly logger?: Pick<Logger, 'warn'>
}

export type Provider = ReturnType<typeof createProvider>

/** All that is asked of OAuth providers, over one pool of connections. */
export function createProvider({ allowPrivate, logger }: ProviderOptions) {
  const http = createHttp({ allowPrivate })
  const endpoints = createEndpoints({ http, allowPrivate, ...(logger && { logger }) })
  const { requestTokens, refreshToken } = createTokenRequests({ http, endpoints })
  return {
    refreshToken,
    ...createAuthorizationCode({ endpoints, requestTokens }),
    ...createRevocation({ http, endpoints }),
    /** Waits for the answers still under way. */
    close: (): Promise<void> => http.close(),
  }
}
