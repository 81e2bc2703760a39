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
  /** The account's user. */
  readonly user: string
  /** Absent if no stored token is used. */
  readonly refreshToken?: Secret
  /** The type of the token, for a token exchange. */
  readonly subjectTokenType?: NonNullable<TokenWant['subjectTokenType']>
  readonly scopes?: readonly string[]
}

/** The endpoint, and the provider's time (milliseconds). */
export interface Recipient {
  readonly tokenEndpoint: string
  readonly now: number
}

type FormOf = (spent: Spent, recipient: Recipient) => Params | Promise<Params>

/** Seconds: the longest Google takes (developers.google.com/identity/protocols/oauth2/service-account). */
const assertionLife = 3_600

const scopeOf = ({ config, scopes }: Pick<Spent, 'config' | 'scopes'>): Params =>
  scopes ? { scope: joinedScopes(config, scopes) } : {}

/** The parameters of the next token request by grant: `grant_type` and its fields. */
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
  /** RFC 8693 §2.1: the subject token is the caller's. */
  token_exchange: ({ config, refreshToken, subjectTokenType = 'access_token', scopes = config.scopes }) => ({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: refreshToken?.reveal() ?? '',
    subject_token_type: `urn:ietf:params:oauth:token-type:${subjectTokenType}`,
    ...scopeOf({ config, scopes }),
  }),
  /** RFC 7523 §2.1: the service account acts for the user. */
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

/** True if the next token uses a stored refresh token; false if the app's credentials suffice. */
export function spendsRefreshToken({ grant }: Pick<AppConfig, 'grant'>): boolean {
  return grant === 'authorization_code'
}

/** True if each token is exchanged for one of the caller's. */
export function exchangesSubjectTokens({ grant }: Pick<AppConfig, 'grant'>): boolean {
  return grant === 'token_exchange'
}

/** True if apps of this grant require a key. */
function signerOf({ config, clientSecret }: Pick<Spent, 'config' | 'clientSecret'>): SigningKey {
  const { rsa } = presetOf(config)
  return (clientSecret && readSigningKey({ secret: clientSecret, rsa })) as SigningKey
}

/**
 * True if the grant requires a consent: of a user, or of an administrator for client credentials, which returns no
 * code.
 */
export function hasConsentPage({ grant, authorizeUrl }: Pick<AppConfig, 'grant' | 'authorizeUrl'>): boolean {
  return grant === 'authorization_code' || (grant === 'client_credentials' && authorizeUrl !== undefined)
}
