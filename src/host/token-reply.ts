import type { AccountContext } from '../../machines/index.ts'
import type { TokenReply } from '../api.ts'
import type { TokenPair } from './sealed-tokens.ts'

const encoder = new TextEncoder()

/** The answer of `token.get`, as it goes over the wire. Throws when there is no access token to answer: a bug. */
export function tokenReply(known: {
  readonly account: string
  readonly context: AccountContext
  readonly tokens: TokenPair | null
}): Uint8Array {
  const { account, context, tokens } = known
  const accessToken = tokens?.accessToken?.reveal()
  if (accessToken === undefined) throw new Error('a served generation has no access token')
  const reply: TokenReply = {
    account,
    user: context.user,
    accessToken,
    provider: context.provider,
    app: context.app,
    registeredScopes: context.scopes,
    expires: new Date(context.expiresAt).toISOString(),
    generation: context.generation,
  }
  return encoder.encode(JSON.stringify(reply))
}
