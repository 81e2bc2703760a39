import type { AppPut } from '../contract/app.ts'
import type { ProtocolSettings } from '../contract/protocol-settings.ts'

/**
 * How an app comes by tokens: by a person's consent and the refresh token it left, or by its own key or secret, which
 * is used anew each time (RFC 6749 §4.1, RFC 7523 §2.1, RFC 6749 §4.4).
 */
export type Grant = NonNullable<AppPut['grant']>

export type EndpointField = 'authorizeUrl' | 'tokenUrl' | 'refreshUrl' | 'revocationUrl'

/** Who signs security events about the accounts of an app, and where its keys are: at one of the two. */
export interface EventSource {
  readonly issuer: string
  readonly jwksUrl?: string
  /** Where the issuer says where its keys are. */
  readonly configurationUrl?: string
}

/** What is known of a provider before an operator says anything. Durations in milliseconds. */
export interface Preset {
  readonly grant: Grant
  /** The settings that mean something here, beside those that every app has. */
  readonly takes: readonly ('issuer' | 'grant' | 'tenant' | 'cloud' | 'testing')[]
  /** `{tenant}`, `{login}`, `{graph}` and `{outlook}` stand for what the app's tenant and cloud make of them. */
  readonly endpoints: Readonly<Partial<Record<EndpointField, string>>>
  readonly scopes: readonly string[]
  /** Parameters of the consent page beside the standard ones. */
  readonly authorize: Readonly<Record<string, string>>
  readonly clientAuth: NonNullable<AppPut['clientAuth']>
  /** What it wants or says otherwise than the RFCs; filled into the settings of an app when that is put. */
  readonly protocol?: Omit<ProtocolSettings, 'clientAuth' | 'refreshUrl'>
  /** What it does with a spent refresh token, to be on the safe side. */
  readonly rotation: NonNullable<AppPut['rotation']>
  /** How an RSA key signs what the app asserts. */
  readonly rsa: 'RS256' | 'PS256'
  /** Of an access token whose answer does not say. */
  readonly tokenLife: number
  /** How long a grant may lie unused; 0 where that is not known. */
  readonly idleLimit: number
  /** How long a grant lives while the app is being tested. */
  readonly testingLife?: number
  /** What it means that a refresh token has outlived the life it was given; else that it lay unused. */
  readonly outlived?: 'consent_expired'
  /** Token requests of one app from one node: at a time, and per second. */
  readonly caps: { readonly concurrency: number; readonly perSecond: number }
  readonly securityEvents?: EventSource
  /** Who signs its ID tokens, and what asks for one beside what the app wants. */
  readonly identity?: { readonly issuer: string; readonly scopes: readonly string[] }
}

const hour = 3_600_000
const day = 24 * hour

const google = {
  clientAuth: 'client_secret_post',
  // Refresh tokens are not replaced: developers.google.com/identity/protocols/oauth2#expiration
  rotation: 'none',
  // RS256 and `exp` an hour ahead at most: developers.google.com/identity/protocols/oauth2/service-account
  rsa: 'RS256',
  // developers.google.com/identity/protocols/oauth2/web-server: `expires_in` 3599 or less
  tokenLife: hour,
  // developers.google.com/identity/protocols/risc#validate_the_token
  securityEvents: {
    issuer: 'https://accounts.google.com',
    configurationUrl: 'https://accounts.google.com/.well-known/risc-configuration',
  },
  // No number is published for the token endpoint: ours, well below what answers 429 to one project.
  caps: { concurrency: 64, perSecond: 100 },
} as const

const microsoft = {
  clientAuth: 'client_secret_post',
  // "Refresh tokens aren't revoked when used": learn.microsoft.com/entra/identity-platform/refresh-tokens
  rotation: 'keeps-old',
  // learn.microsoft.com/entra/identity-platform/certificate-credentials
  rsa: 'PS256',
  // 60 to 90 min: learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes
  tokenLife: hour,
  // No number is published (429 tells): ours.
  caps: { concurrency: 32, perSecond: 50 },
} as const

const microsoftEndpoints = {
  authorizeUrl: 'https://{login}/{tenant}/oauth2/v2.0/authorize',
  tokenUrl: 'https://{login}/{tenant}/oauth2/v2.0/token',
}

/** Everything that is particular to a provider; what the app's own settings say comes before it. */
export const presets: Readonly<Record<AppPut['provider'], Preset>> = {
  gmail: {
    ...google,
    grant: 'authorization_code',
    takes: ['testing', 'issuer'],
    endpoints: {
      authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenUrl: 'https://oauth2.googleapis.com/token',
      revocationUrl: 'https://oauth2.googleapis.com/revoke',
    },
    scopes: ['https://mail.google.com/'],
    // Without either, no refresh token comes: developers.google.com/identity/protocols/oauth2/web-server#offline
    authorize: { access_type: 'offline', prompt: 'consent' },
    // Six months, and 7 days in "Testing": developers.google.com/identity/protocols/oauth2#expiration
    idleLimit: 180 * day,
    testingLife: 7 * day,
    // `refresh_token_expires_in` comes with consent for a while: developers.google.com/identity/protocols/oauth2/web-server
    outlived: 'consent_expired',
    // Security events name people by `sub`. Needs no verification: developers.google.com/identity/openid-connect/openid-connect
    identity: { issuer: 'https://accounts.google.com', scopes: ['openid', 'email'] },
  },
  gmailService: {
    ...google,
    grant: 'jwt_bearer',
    takes: [],
    endpoints: { tokenUrl: 'https://oauth2.googleapis.com/token' },
    scopes: ['https://mail.google.com/'],
    authorize: {},
    idleLimit: 0,
  },
  outlook: {
    ...microsoft,
    grant: 'authorization_code',
    takes: ['tenant', 'cloud'],
    endpoints: microsoftEndpoints,
    scopes: ['offline_access', 'https://{outlook}/IMAP.AccessAsUser.All', 'https://{outlook}/SMTP.Send'],
    authorize: { prompt: 'select_account' },
    // learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
    idleLimit: 90 * day,
  },
  outlookService: {
    ...microsoft,
    grant: 'client_credentials',
    takes: ['tenant', 'cloud'],
    endpoints: { tokenUrl: microsoftEndpoints.tokenUrl },
    scopes: ['https://{graph}/.default'],
    authorize: {},
    rotation: 'none',
    idleLimit: 0,
  },
  mailRu: {
    grant: 'authorization_code',
    takes: [],
    endpoints: { authorizeUrl: 'https://oauth.mail.ru/login', tokenUrl: 'https://oauth.mail.ru/token' },
    // o2.mail.ru/docs is silent on what brings a refresh token, and on what becomes of a spent one: the safe side of both.
    scopes: ['openid', 'mail.imap', 'offline_access'],
    authorize: { prompt: 'consent' },
    clientAuth: 'client_secret_basic',
    rotation: 'strict',
    rsa: 'RS256',
    tokenLife: hour,
    idleLimit: 0,
    // Ours, modest.
    caps: { concurrency: 8, perSecond: 10 },
  },
  oidc: {
    grant: 'authorization_code',
    takes: ['issuer', 'grant'],
    endpoints: {},
    scopes: ['openid', 'offline_access'],
    // OpenID Connect Core §11: without consent asked for, offline access may be ignored.
    authorize: { prompt: 'consent' },
    clientAuth: 'client_secret_basic',
    rotation: 'strict',
    rsa: 'RS256',
    tokenLife: hour,
    idleLimit: 0,
    caps: { concurrency: 32, perSecond: 50 },
  },
}
