import type { AppPut } from '../contract/app.ts'
import type { ProtocolSettings } from '../contract/protocol-settings.ts'
import type { CatalogueEntry } from './catalogue-entry.ts'

/**
 * How an app comes by tokens: by a person's consent and the refresh token it left, or by its own key or secret, which
 * is used anew each time (RFC 6749 §4.1, RFC 7523 §2.1, RFC 6749 §4.4).
 */
export type Grant = NonNullable<AppPut['grant']>

export type EndpointField =
  | 'authorizeUrl'
  | 'tokenUrl'
  | 'refreshUrl'
  | 'exchangeUrl'
  | 'revocationUrl'
  | 'deviceUrl'

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
  readonly takes: CatalogueEntry['takes']
  /** `{tenant}`, `{login}`, `{graph}` and `{outlook}` stand for what the app's tenant and cloud make of them. */
  readonly endpoints: Readonly<Partial<Record<EndpointField, string>>>
  readonly scopes: readonly string[]
  /** Parameters of the consent page beside the standard ones. */
  readonly authorize: Readonly<Record<string, string>>
  readonly clientAuth: NonNullable<AppPut['clientAuth']>
  /** What it does with a spent refresh token, to be on the safe side. */
  readonly rotation: NonNullable<AppPut['rotation']>
  /** What it wants or says otherwise than the RFCs; filled into the settings of an app when that is put. */
  readonly protocol: Omit<ProtocolSettings, 'clientAuth' | 'refreshUrl' | 'exchangeUrl' | 'authorizeParams'>
  /** Seconds a spent refresh token is answered again, for rotation `grace`. */
  readonly graceSeconds?: number
  /** The provider whose error words and scope names this one shares. */
  readonly like?: string
  /** How an RSA key signs what the app asserts. */
  readonly rsa: 'RS256' | 'PS256'
  /** The life of an access token where the response has none. */
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
  readonly identity?: {
    readonly issuer: string
    readonly scopes: readonly string[]
    readonly anywhere?: true
  }
}

const hour = 3_600_000
const day = 24 * hour
/** Where no number is published: ours, modest. */
const modest = { concurrency: 16, perSecond: 20 }

/** Where the entry is silent, what is careful. */
export function toPreset({ takes, settings, facts }: CatalogueEntry): Preset {
  const { authorizeUrl, tokenUrl, revocationUrl, refreshUrl, exchangeUrl, deviceUrl, ...said } = settings
  const { grant, scopes, clientAuth, rotation, graceSeconds, authorizeParams, ...protocol } = said
  const { signs, idleDays, testingDays, caps, ...known } = facts
  return withoutUndefined<Preset>({
    grant: grant ?? 'authorization_code',
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
