import type { AccountPut } from '../contract/account.ts'
import { never } from '../contract/expiry.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { CodeAnswer } from '../provider/authorization-code.ts'
import type { Refusal } from '../provider/classified.ts'
import type { Reached } from '../provider/grant-place.ts'
import { missingScopes } from '../provider/missing-scopes.ts'
import { livesWithoutRefreshToken, refreshesWithAccessToken, unsaidLife } from '../provider/refreshing.ts'
import type { ConsentProblem } from './consent-end.ts'

/** As long as may be put. */
const longestUser = 320
const longestSubject = 255

const after = (life: number) => new Date(Date.now() + life).toISOString()

export interface ReadGrant {
  readonly account: string
  readonly name?: string | undefined
  readonly email?: string | undefined
  /** The account's user, where neither the provider nor an e-mail address says so. */
  readonly user?: string | undefined
  readonly config: AppConfig
  readonly answer: CodeAnswer
}

export type GrantRead =
  | { readonly kind: 'none'; readonly problem: ConsentProblem; readonly details?: readonly string[] }
  | { readonly kind: 'grant'; readonly put: AccountPut; readonly reached?: Reached }

type Granted = Extract<CodeAnswer, { kind: 'tokens' }>

/** What the provider answered once a person had agreed, as an account to put, or why it is none. */
export function readGrant({ account, name, email, user, config, answer }: ReadGrant): GrantRead {
  if (answer.kind === 'refused') return { kind: 'none', problem: problemOf(answer.refusal) }
  const { scopes = config.scopes } = answer
  const missing = missingScopes(config, scopes)
  if (missing.length > 0) return { kind: 'none', problem: 'missing_scopes', details: missing }
  const tokens = tokensOf(config, answer)
  if (tokens === null) return { kind: 'none', problem: 'no_refresh_token' }
  return {
    kind: 'grant',
    ...(answer.reached && { reached: answer.reached }),
    put: {
      app: config.app,
      ...whoIn(answer, { account, email, user }),
      ...tokens,
      scopes: [...scopes],
      ...aboutOf({ name, email }),
      ...(answer.extra && { extra: answer.extra }),
    },
  }
}

/** The account of an app that acts for itself, once somebody has agreed that it may. */
export function withoutCode(
  account: string,
  { name, email }: Pick<ReadGrant, 'name' | 'email'>,
  { app }: AppConfig,
): AccountPut {
  return { app, user: email ?? account, ...aboutOf({ name, email }) }
}

function aboutOf({ name, email }: Pick<ReadGrant, 'name' | 'email'>): Pick<AccountPut, 'metadata'> {
  const about = { ...(name !== undefined && { name }), ...(email !== undefined && { email }) }
  return Object.keys(about).length > 0 ? { metadata: about } : {}
}

function problemOf({ reason, class: failureClass }: Refusal): ConsentProblem {
  if (reason === 'callback_rejected') return 'callback_rejected'
  return failureClass === 'T' ? 'provider_unavailable' : 'access_denied'
}

/** Who signed in, by the provider's word before the caller's. */
function whoIn(
  { claims }: Granted,
  { account, email, user: said }: Pick<ReadGrant, 'account' | 'email' | 'user'>,
): Pick<AccountPut, 'user' | 'subject'> {
  const user = [claims?.email, claims?.preferred_username, email, said].find(
    (each) => typeof each === 'string' && each.length <= longestUser,
  )
  return {
    user: (user as string | undefined) ?? account,
    ...(claims !== undefined && claims.sub.length <= longestSubject && { subject: claims.sub }),
  }
}

/** Null where a refresh token is missing. */
function tokensOf(config: AppConfig, answer: Granted): Partial<AccountPut> | null {
  const { accessToken, expiresIn, refreshTokenExpiresIn } = answer
  const refreshToken = config.refreshToken === 'none' ? undefined : answer.refreshToken
  if (refreshToken === undefined && !livesWithoutRefreshToken(config)) return null
  const refreshable = refreshToken !== undefined || refreshesWithAccessToken(config)
  const life = expiresIn === undefined ? unsaidLife(config, { refreshable }) : expiresIn * 1_000
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    expires: life === never ? null : after(life),
    ...(refreshTokenExpiresIn !== undefined && { grantExpires: after(refreshTokenExpiresIn * 1_000) }),
  }
}
