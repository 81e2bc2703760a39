import { type AccountContext, type Resource, tokenFor } from '../../machines/index.ts'
import type { TokenPair } from '../actors/sealed-tokens.ts'
import { expiryText } from '../contract/expiry.ts'
import type { TokenReply } from '../contract/token.ts'

const encoder = new TextEncoder()

/** The reply to `token.get`, as bytes. Throws if there is no access token, which is a bug. */
export function tokenReply(known: {
  readonly account: string
  readonly context: AccountContext
  /** The record's version. */
  readonly version: number
  /** Null for the account's own token. */
  readonly resource: Resource | null
  readonly tokens: TokenPair | null
  /** JSON text, as stored. */
  readonly extra: string | undefined
}): Uint8Array {
  const { account, context, version, resource, tokens, extra } = known
  const held = tokenFor(context, resource)
  const sealed = resource === null ? tokens?.accessToken : tokens?.resources?.[resource.key]
  const accessToken = sealed?.reveal()
  if (held === null || accessToken === undefined) throw new Error('a served generation has no access token')
  const reply: TokenReply = {
    account,
    user: context.user,
    accessToken,
    provider: context.provider,
    app: context.app,
    registeredScopes: held.scopes,
    expires: expiryText(held.expiresAt),
    generation: held.generation,
    ...(extra !== undefined && { extra: JSON.parse(extra) }),
    version,
    since: new Date(context.since).toISOString(),
  }
  return encoder.encode(JSON.stringify(reply))
}
