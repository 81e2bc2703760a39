import { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { createProvider, type Provider, type ProviderOptions } from '../../src/provider/provider.ts'
import type { TokenAnswer } from '../../src/provider/token-answer.ts'
import type { RefreshRequest } from '../../src/provider/token-request.ts'

export const config: AppConfig = {
  app: 'app',
  provider: 'oidc',
  clientId: 'client:1',
  grant: 'authorization_code',
  clientAuth: 'client_secret_basic',
  scopes: ['openid', 'offline_access'],
  rotation: 'strict',
}

export const timing = { connectMs: 5_000, answerMs: 10_000 }

/** Waits for requests in flight when disposed. */
export function startProvider({
  allowPrivate = true,
  ...options
}: Partial<ProviderOptions> = {}): Provider & AsyncDisposable {
  const provider = createProvider({ allowPrivate, ...options })
  return { ...provider, [Symbol.asyncDispose]: provider.close }
}

/** Asks a token endpoint once, as a fresh node would. */
export async function ask(
  tokenUrl: string,
  { allowPrivate = true, ...request }: Partial<RefreshRequest> & { allowPrivate?: boolean } = {},
): Promise<TokenAnswer> {
  await using provider = startProvider({ allowPrivate })
  return await provider.refreshToken({
    config: { ...config, tokenUrl },
    clientSecret: new Secret('the client secret'),
    user: 'alice',
    refreshToken: new Secret('refresh-1'),
    timing,
    ...request,
  })
}

export async function refusalOf(answer: TokenAnswer | Promise<TokenAnswer>) {
  const settled = await answer
  if (settled.kind !== 'refused') throw new Error('tokens, where a refusal was expected')
  return settled.refusal
}

export async function tokensOf(answer: TokenAnswer | Promise<TokenAnswer>) {
  const settled = await answer
  if (settled.kind !== 'tokens') throw new Error(`refused: ${JSON.stringify(settled.refusal)}`)
  return settled
}
