import type { AccountPut } from '../contract/account.ts'
import type { Consented } from '../contract/consented.ts'
import { never } from '../contract/expiry.ts'
import type { KnownAccount } from '../contract/tokenbus.ts'
import type { AppConfig } from '../provider/app-config.ts'
import type { CodeAnswer } from '../provider/authorization-code.ts'
import type { Refusal } from '../provider/classified.ts'
import type { Reached } from '../provider/grant-place.ts'
import { dialectOf } from '../provider/presets.ts'
import { refreshesWithAccessToken, unsaidLife } from '../provider/refreshing.ts'
import { missingPermissions } from '../provider/scopes.ts'
import { problemOfRefusal } from './problem-of-refusal.ts'
import type { ConsentProblem } from './problems.ts'

export interface ReadGrant {
  readonly account: string
  readonly name?: string | undefined
  /** The mailbox, or the user expected to sign in; not the one who did. */
  readonly email?: string | undefined
  /** The account's user if the provider does not report one. */
  readonly user?: string | undefined
  readonly config: AppConfig
  readonly answer: CodeAnswer
  /** When the code was sent (ms), from which lifetimes are counted. */
  readonly sentAt: number
}

/** The stored account. */
type Known = Pick<KnownAccount, 'user' | 'signedInAs'> | undefined

export type GrantRead =
  | {
      readonly kind: 'none'
      readonly problem: ConsentProblem
      readonly values?: Readonly<Record<string, string>>
      readonly refusal?: Refusal
    }
  | {
      readonly kind: 'grant'
      put(known: Known): AccountPut
      readonly consented: Consented
      readonly reached?: Reached
    }

type Granted = Extract<CodeAnswer, { kind: 'tokens' }>

/** Converts the result of a code exchange to an account to put, or to the problem. */
export function readGrant(asked: ReadGrant): GrantRead {
  const { name, email, config, answer } = asked
  if (answer.kind === 'refused')
    return { kind: 'none', problem: problemOfRefusal(answer.refusal), refusal: answer.refusal }
  const { scopes = config.scopes } = answer
  const missing = missingPermissions({ config, granted: scopes })
  if (missing.length > 0)
    return { kind: 'none', problem: 'missing_scopes', values: { details: missing.join(', ') } }
  return {
    kind: 'grant',
    ...(answer.reached && { reached: answer.reached }),
    consented: answer.signedIn ?? { identity: null, addresses: [] },
    put: (known) => ({
      app: config.app,
      user: userOf(asked, answer, known),
      ...(answer.signedIn?.subject !== undefined && { subject: answer.signedIn.subject }),
      ...tokensOf(asked, answer),
      scopes: [...scopes],
      ...aboutOf({ name, email }),
      ...(answer.extra && { extra: answer.extra }),
    }),
  }
}

/** The account of an app with client credentials, after an administrator's consent. */
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

/**
 * The account's user: preferably as reported by the provider; at Microsoft the mailbox, because mailboxes can be
 * shared.
 */
function userOf({ account, email, user, config }: ReadGrant, { signedIn }: Granted, known: Known): string {
  const mailbox = email ?? (isShared(known) ? known?.user : undefined)
  if (mailbox !== undefined && dialectOf(config) === 'outlook') return mailbox
  const knownUser = known?.user === account ? undefined : known?.user
  return signedIn?.name ?? user ?? knownUser ?? email ?? signedIn?.subject ?? account
}

function isShared(known: Known): boolean {
  return known?.signedInAs != null && known.signedInAs.toLowerCase() !== known.user.toLowerCase()
}

/** Without a refresh token in the response, the stored one is kept. */
function tokensOf({ config, sentAt }: ReadGrant, answer: Granted): Partial<AccountPut> {
  const { accessToken, expiresIn, refreshTokenExpiresIn } = answer
  const refreshToken = config.refreshToken === 'none' ? undefined : answer.refreshToken
  const refreshable = refreshToken !== undefined || refreshesWithAccessToken(config)
  const life = expiresIn === undefined ? unsaidLife(config, { refreshable }) : expiresIn * 1_000
  const after = (milliseconds: number) => new Date(sentAt + milliseconds).toISOString()
  return {
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    expires: life === never ? null : after(life),
    ...(refreshTokenExpiresIn !== undefined && { grantExpires: after(refreshTokenExpiresIn * 1_000) }),
  }
}
