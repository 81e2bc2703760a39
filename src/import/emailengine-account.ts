import { z } from 'zod'
import { accountPutSchema } from '../contract/account.ts'
import { serviceProviders } from './emailengine-app.ts'
import type { Opener } from './emailengine-seal.ts'
import type { AccountRow } from './rows.ts'

const text = z.string().min(1).nullish()

/** The field `oauth2` of an EmailEngine account. */
const grantSchema = z.looseObject({
  provider: text,
  auth: z.looseObject({ user: text, delegatedUser: text, delegatedAccount: text }).nullish(),
  useAuthServer: z.boolean().nullish(),
  accessToken: text,
  refreshToken: text,
  expires: z.union([z.string(), z.number()]).nullish(),
  scope: z.union([z.string(), z.array(z.string())]).nullish(),
})

export type EmailEngineGrant = z.output<typeof grantSchema>

/** Undefined if the account does not use OAuth2. */
export function parseGrant(json: string | null): EmailEngineGrant | undefined {
  try {
    return grantSchema.safeParse(JSON.parse(json ?? '')).data
  } catch {
    return undefined
  }
}

/** The values of a grant that may be encrypted. */
export const tokensOf = ({ accessToken, refreshToken }: EmailEngineGrant): string[] =>
  [accessToken, refreshToken].filter((value) => typeof value === 'string')

export interface FoundAccount {
  readonly id: string
  readonly grant: EmailEngineGrant | undefined
  /** The provider of the account's app; undefined if the database has no such app. */
  readonly provider: string | undefined
  /** Milliseconds. */
  readonly now: number
}

/** Rejects with `DoesNotOpen`. */
export async function accountRow(found: FoundAccount, { open }: Opener): Promise<AccountRow> {
  const { id, grant } = found
  const elsewhere = tokensElsewhere(grant)
  if (grant === undefined || elsewhere !== undefined) return { id, skip: elsewhere ?? notOAuth }
  const service = serviceProviders.has(found.provider ?? '')
  const tokens = service ? {} : await openTokens(grant, found.now, open)
  if (tokens === null) return { id, skip: 'it has no refresh token, and no valid access token' }
  const scopes = typeof grant.scope === 'string' ? grant.scope.split(/\s+/) : grant.scope
  const put = accountPutSchema.safeParse({
    app: grant.provider,
    user: grant.auth?.user,
    ...tokens,
    ...(scopes && { scopes: scopes.filter((scope) => scope !== '') }),
  })
  if (put.success) return { id, put: put.data }
  const [issue] = put.error.issues
  return { id, fail: `${issue?.path.join('.')}: ${issue?.message}` }
}

/** The tokens of a user's grant that still work; null if there are none. */
async function openTokens(grant: EmailEngineGrant, now: number, open: Opener['open']) {
  const expires = timeOf(grant.expires)
  const live = expires !== undefined && Date.parse(expires) > now
  if (!grant.refreshToken && !(grant.accessToken && live)) return null
  const accessToken = grant.accessToken && live ? await open(grant.accessToken) : undefined
  const refreshToken = grant.refreshToken ? await open(grant.refreshToken) : undefined
  return {
    ...(refreshToken && { refreshToken: refreshToken.reveal() }),
    ...(accessToken && { accessToken: accessToken.reveal(), expires }),
  }
}

const notOAuth = 'it does not use OAuth2'

/** Why an account has no grant of its own; undefined if it has one. */
function tokensElsewhere(grant: EmailEngineGrant | undefined): string | undefined {
  if (grant?.provider == null) return notOAuth
  if (grant.useAuthServer) return 'its tokens come from an authentication server'
  if (grant.auth?.delegatedAccount) return 'it uses the grant of another account'
  return undefined
}

/** ISO 8601 of a time given as text or in milliseconds. */
function timeOf(expires: string | number | null | undefined): string | undefined {
  const at = new Date(expires ?? Number.NaN)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}
