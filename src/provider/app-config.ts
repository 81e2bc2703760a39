import type { AppPut } from '../contract/app.ts'
import type { ProtocolSettings } from '../contract/protocol-settings.ts'
import type { EndpointField, EventSource, Grant, Preset } from './preset.ts'

export type ClientAuthMethod = NonNullable<ProtocolSettings['clientAuth']>

/** An app's settings with the preset's defaults. Contains no secrets, and is serialisable as JSON. */
export interface AppConfig extends Readonly<Partial<Record<EndpointField, string>>>, ProtocolSettings {
  readonly app: string
  readonly name?: string
  /** An image on the consent pages. */
  readonly logoUrl?: string
  readonly provider: AppPut['provider']
  readonly grant: Grant
  readonly clientId: string
  readonly clientAuth: ClientAuthMethod
  readonly issuer?: string
  readonly tenant?: string
  readonly cloud?: NonNullable<AppPut['cloud']>
  /** All scopes to request, including additional ones. */
  readonly scopes: string[]
  readonly additionalScopes?: string[]
  readonly rotation: NonNullable<AppPut['rotation']>
  readonly policy?: NonNullable<AppPut['policy']>
  /** Seconds for which a used refresh token is accepted again, with rotation `grace`. */
  readonly graceSeconds?: number
  readonly testing?: boolean
  /** Only of an app that is disabled. */
  readonly enabled?: false
  /** Concurrent requests per node; replaces the preset's limits. */
  readonly concurrency?: number
  readonly securityEvents?: EventSource
  readonly pinned?: Pinned
  /** The preset at the time of the put, for a provider that an operator added to the catalogue. */
  readonly preset?: Preset
}

/** Values not set by the operator, but fixed at the put or discovered since. */
export interface Pinned {
  /** The settings given by the operator; all others came from the preset at that time. */
  readonly said?: readonly string[]
  /** The origin at which discovery first found the token endpoint. */
  readonly tokenOrigin?: string
  /** How often `moveGrants` was given, and the permitted origins. */
  readonly moves?: { readonly count: number; readonly to: readonly string[] }
}
