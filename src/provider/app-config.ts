import type { AppPut } from '../contract/app.ts'
import type { ProtocolSettings } from '../contract/protocol-settings.ts'
import type { EndpointField, EventSource, Grant, Preset } from './preset.ts'

export type ClientAuthMethod = NonNullable<ProtocolSettings['clientAuth']>

/** An app's settings with its preset's own filled in. No secret is in it; it goes through JSON unchanged. */
export interface AppConfig extends Readonly<Partial<Record<EndpointField, string>>>, ProtocolSettings {
  readonly app: string
  readonly name?: string
  readonly provider: AppPut['provider']
  readonly grant: Grant
  readonly clientId: string
  readonly clientAuth: ClientAuthMethod
  readonly issuer?: string
  readonly tenant?: string
  readonly cloud?: NonNullable<AppPut['cloud']>
  /** All that accounts are asked for, the additional ones included. */
  readonly scopes: string[]
  readonly additionalScopes?: string[]
  readonly rotation: NonNullable<AppPut['rotation']>
  readonly policy?: NonNullable<AppPut['policy']>
  /** Seconds a spent refresh token is answered again, for rotation `grace`. */
  readonly graceSeconds?: number
  readonly testing?: boolean
  /** Requests at once, from one node; in place of all that the preset knows of caps. */
  readonly concurrency?: number
  readonly securityEvents?: EventSource
  readonly pinned?: Pinned
  /** Of a provider that an operator added to the catalogue: as it was when the app was put. */
  readonly preset?: Preset
}

/** What the operator did not say, but was settled when the app was put, or found out since. */
export interface Pinned {
  /** The settings the operator said; whatever else there is came from the preset of then. */
  readonly said?: readonly string[]
  /** Where discovery found the token endpoint first. */
  readonly tokenOrigin?: string
  /** How often an administrator let the grants follow, and where to. */
  readonly moves?: { readonly count: number; readonly to: readonly string[] }
}
