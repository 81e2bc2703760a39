import type { Secret } from '../common/secret.ts'
import type { TokenWant } from '../contract/token.ts'
import type { AppConfig } from './app-config.ts'
import type { Params } from './parameters.ts'
import type { Grant } from './preset.ts'
import { presetOf } from './presets.ts'
import { signAssertion } from './sign-assertion.ts'
import { readSigningKey, type SigningKey } from './signing-key.ts'

export interface Spent {
  readonly config: AppConfig
  readonly clientSecret?: Secret
  /** Whose account it is. */
  readonly user: string
  /** Absent where nothing that is stored is spent. */
  readonly refreshToken?: Secret
  /** What kind of token it is, where it is exchanged. */
  readonly subjectTokenType?: NonNullable<TokenWant['subjectTokenType']>
  readonly scopes?: readonly string[]
}

/** Where the request goes to, and what time it is there (milliseconds). */
export interface Recipient {
  readonly tokenEndpoint: string
  readonly now: number
}

type FormOf = (spent: Spent, recipient: Recipient) => Params | Promise<Params>

/** Seconds: the longest Google takes (developers.google.com/identity/protocols/oauth2/service-account). */
const assertionLife = 3_600

const scopeOf = ({ config, scopes }: Pick<Spent, 'config' | 'scopes'>): Params =>
  scopes ? { scope: joinedScopes(config, scopes) } : {}

/** How each kind of app gets its next access token: `grant_type` and what goes with it. */
export const nextTokenForms: Readonly<Record<Grant, FormOf>> = {
  /** RFC 6749 §6. Without scopes the grant keeps its own. */
  authorization_code: ({ config, refreshToken, scopes }) => ({
    grant_type: 'refresh_token',
    refresh_token: refreshToken?.reveal() ?? '',
    ...scopeOf({ config, ...(scopes && { scopes }) }),
  }),
  /** RFC 6749 §4.4. */
  client_credentials: ({ config, scopes = config.scopes }) => ({
    grant_type: 'client_credentials',
    ...scopeOf({ config, scopes }),
  }),
  /** RFC 8693 §2.1: what is spent is the caller's own. */
  token_exchange: ({ config, refreshToken, subjectTokenType = 'access_token', scopes = config.scopes }) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: refreshToken?.reveal() ?? '',
    subject_token_type: `urn:ietf:params:oauth:token-type:${subjectTokenType}`,
    ...scopeOf({ config, scopes }),
  }),
  /** RFC 7523 §2.1: the service account speaks for the user. */
  jwt_bearer: async ({ config, user, clientSecret, scopes = config.scopes }, { tokenEndpoint, now }) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await signAssertion({
      signer: signerOf({ config, ...(clientSecret && { clientSecret }) }),
      issuer: config.clientId,
      subject: user,
      audience: tokenEndpoint,
      claims: { scope: scopes.join(' ') },
      life: assertionLife,
      now,
    }),
  }),
}

export function joinedScopes(
  { scopeSeparator = ' ' }: Pick<AppConfig, 'scopeSeparator'>,
  scopes: readonly string[],
): string {
  return scopes.join(scopeSeparator)
}

/** Does the next token cost a stored refresh token, or is it made of what the app has? */
export function spendsRefreshToken({ grant }: Pick<AppConfig, 'grant'>): boolean {
  return grant === 'authorization_code'
}

/** Is each token had for one that the caller brings? */
export function exchangesSubjectTokens({ grant }: Pick<AppConfig, 'grant'>): boolean {
  return grant === 'token_exchange'
}

/** No app of this grant is taken without its key. */
function signerOf({ config, clientSecret }: Pick<Spent, 'config' | 'clientSecret'>): SigningKey {
  const { rsa } = presetOf(config)
  return (clientSecret && readSigningKey({ secret: clientSecret, rsa })) as SigningKey
}
