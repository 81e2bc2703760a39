import type { AppPut } from '../contract/app.ts'
import type { ProtocolSettings } from '../contract/protocol-settings.ts'
import type { CatalogueEntry } from './catalogue-entry.ts'

/**
 * How an app obtains tokens: by a user's consent and its refresh token, or each time with its own key or secret (RFC 6749
 * §4.1, RFC 7523 §2.1, RFC 6749 §4.4).
 */
export type Grant = NonNullable<AppPut['grant']>

export type EndpointField =
  | 'authorizeUrl'
  | 'tokenUrl'
  | 'refreshUrl'
  | 'exchangeUrl'
  | 'revocationUrl'
  | 'deviceUrl'

/** The issuer of security events about an app's accounts, and the URL of its keys or metadata. */
export interface EventSource {
  readonly issuer: string
  readonly jwksUrl?: string
  /** The URL of the issuer's metadata. */
  readonly configurationUrl?: string
}

/** The defaults and facts of a provider. Durations in milliseconds. */
export interface Preset {
  readonly grant: Grant
  /** Settings that apply to this provider, besides the common ones. */
  readonly takes: CatalogueEntry['takes']
  /**
   * `{tenant}`, `{login}`, `{graph}` and `{outlook}` are placeholders for the app's tenant and the hosts of its cloud.
   */
  readonly endpoints: Readonly<Partial<Record<EndpointField, string>>>
  readonly scopes: readonly string[]
  /** Further parameters of the consent page. */
  readonly authorize: Readonly<Record<string, string>>
  readonly clientAuth: NonNullable<AppPut['clientAuth']>
  /** What it does with a used refresh token; the conservative choice if unknown. */
  readonly rotation: NonNullable<AppPut['rotation']>
  /** Deviations from the RFCs, as defaults of an app's settings. */
  readonly protocol: Omit<ProtocolSettings, 'clientAuth' | 'refreshUrl' | 'exchangeUrl' | 'authorizeParams'>
  /** Seconds for which a used refresh token is accepted again, with rotation `grace`. */
  readonly graceSeconds?: number
  /** The provider with the same error codes and scope names. */
  readonly like?: string
  /** The signature algorithm of RSA keys for assertions. */
  readonly rsa: 'RS256' | 'PS256'
  /** The lifetime of an access token if the response has none. */
  readonly tokenLife: number
  /** How long a grant may be unused; 0 if unknown. */
  readonly idleLimit: number
  /** Lifetime of a grant while the app is in testing mode. */
  readonly testingLife?: number
  /** The reason of a refusal after the refresh token's lifetime, instead of inactivity. */
  readonly outlived?: 'consent_expired'
  /** The limits for token requests of one app from one node: concurrent, and per second. */
  readonly caps: { readonly concurrency: number; readonly perSecond: number }
  readonly securityEvents?: EventSource
  /** The issuer of its ID tokens, and the scopes that request one. */
  readonly identity?: {
    readonly issuer: string
    readonly scopes: readonly string[]
    readonly anywhere?: true
  }
}

const hour = 3_600_000
const day = 24 * hour
/** Conservative limits for providers that publish none. */
const modest = { concurrency: 16, perSecond: 20 }

export const grantOf = ({ grant = 'authorization_code' }: Pick<CatalogueEntry['settings'], 'grant'>): Grant =>
  grant

/** Conservative defaults for missing fields of an entry. */
export function toPreset({ takes, settings, facts }: CatalogueEntry): Preset {
  const { authorizeUrl, tokenUrl, revocationUrl, refreshUrl, exchangeUrl, deviceUrl, ...said } = settings
  const { grant, scopes, clientAuth, rotation, graceSeconds, authorizeParams, ...protocol } = said
  const { signs, idleDays, testingDays, caps, ...known } = facts
  return withoutUndefined<Preset>({
    grant: grantOf(settings),
    takes,
    endpoints: withoutUndefined({
      authorizeUrl,
      tokenUrl,
      refreshUrl,
      exchangeUrl,
      revocationUrl,
      deviceUrl,
    }),
    scopes: scopes ?? [],
    authorize: authorizeParams ?? {},
    clientAuth: clientAuth ?? 'client_secret_basic',
    protocol,
    rotation: rotation ?? 'strict',
    graceSeconds,
    rsa: signs ?? 'RS256',
    tokenLife: hour,
    idleLimit: (idleDays ?? 0) * day,
    testingLife: testingDays && testingDays * day,
    caps: caps ?? modest,
    ...known,
  })
}

type Loose<T> = { [K in keyof T]: unknown }

function withoutUndefined<T extends object>(fields: Loose<T>): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}
