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

/** Undefined for an account that is no OAuth2 account. */
export function parseGrant(json: string | null): EmailEngineGrant | undefined {
  try {
    return grantSchema.safeParse(JSON.parse(json ?? '')).data
  } catch {
    return undefined
  }
}

/** Every value of a grant that may be sealed. */
export const tokensOf = ({ accessToken, refreshToken }: EmailEngineGrant): string[] =>
  [accessToken, refreshToken].filter((value) => typeof value === 'string')

export interface FoundAccount {
  readonly id: string
  readonly grant: EmailEngineGrant | undefined
  /** Of the account's app; undefined when the database has no such app. */
  readonly provider: string | undefined
  /** Milliseconds. */
  readonly now: number
}

/** Rejects with `DoesNotOpen`. */
export async function accountRow(found: FoundAccount, { open }: Opener): Promise<AccountRow> {
  const { id, grant } = found
  if (grant?.provider == null) return { id, skip: 'it does not sign in with OAuth2' }
  if (grant.useAuthServer) return { id, skip: 'its tokens come from an authentication server' }
  if (grant.auth?.delegatedAccount) return { id, skip: 'it uses the grant of another account' }
  const service = serviceProviders.has(found.provider ?? '')
  const expires = timeOf(grant.expires)
  const live = expires !== undefined && Date.parse(expires) > found.now
  if (!service && !grant.refreshToken && !(grant.accessToken && live)) {
    return { id, skip: 'no refresh token, and no access token that still works' }
  }
  const accessToken = grant.accessToken && live && !service ? await open(grant.accessToken) : undefined
  const refreshToken = grant.refreshToken && !service ? await open(grant.refreshToken) : undefined
  const scopes = typeof grant.scope === 'string' ? grant.scope.split(/\s+/) : grant.scope
  const put = accountPutSchema.safeParse({
    app: grant.provider,
    user: grant.auth?.user,
    ...(refreshToken && { refreshToken: refreshToken.reveal() }),
    ...(accessToken && { accessToken: accessToken.reveal(), expires }),
    ...(scopes && { scopes: scopes.filter((scope) => scope !== '') }),
  })
  if (put.success) return { id, put: put.data }
  const [issue] = put.error.issues
  return { id, fail: `${issue?.path.join('.')}: ${issue?.message}` }
}

/** ISO 8601, of a time as text or in milliseconds. */
function timeOf(expires: string | number | null | undefined): string | undefined {
  const at = new Date(expires ?? Number.NaN)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}
