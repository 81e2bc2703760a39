import type { AppPatch, AppPut } from '../contract/app.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import { type ProtocolSettings, protocolSettings } from '../contract/protocol-settings.ts'
import type { AppConfig } from './app-config.ts'
import { builtIn, type Catalogue } from './catalogue.ts'
import { checkEndpoint } from './check-endpoint.ts'
import { checkSettings } from './check-settings.ts'
import { filler } from './microsoft-clouds.ts'
import { type Preset, toPreset } from './preset.ts'
import { presetOf, presets } from './presets.ts'
import { urlFields } from './url-params.ts'

export interface ToAppConfig {
  readonly app: string
  readonly put: AppPut
  /** Accept endpoints at loopback and private addresses, and plain http. */
  readonly allowPrivate: boolean
  readonly catalogue?: Catalogue
}

const asPut = ['name', 'logoUrl', 'issuer', 'policy', 'testing', 'concurrency', 'securityEvents'] as const

/** Fails with `invalid_config`, naming the field. */
export async function toAppConfig(asked: ToAppConfig): Promise<Result<AppConfig>> {
  const { app, put, allowPrivate, catalogue = builtIn } = asked
  const entry = catalogue.get(put.provider)
  if (entry === undefined)
    return fail('invalid_config', 'provider: not one of the catalogue; `tokenbus providers` lists them')
  const own = presets[put.provider] === undefined ? { preset: toPreset(entry) } : {}
  const config = { ...withPreset(app, put, presetOf({ ...put, ...own })), ...own }
  const checked = await checkSettings({ put, config })
  if (!checked.ok) return checked
  const urls = urlFields.map((field) => [field, put[field]] as const)
  for (const [field, url] of [...urls, ['securityEvents.jwksUrl', put.securityEvents?.jwksUrl] as const]) {
    const allowed = url === undefined ? ok(undefined) : await checkEndpoint(url, { allowPrivate })
    if (!allowed.ok) return fail('invalid_config', `${field}: ${allowed.failure.message}`)
  }
  return ok(config)
}

/** The settings of a put that would create this app, without secrets: those that differ from its preset. */
export function toAppPut(config: AppConfig): AppPut {
  const { pinned: _, preset: __, ...settings } = config
  const { app, provider, clientId } = config
  const preset = presetOf(config)
  const place = pick(config, ['issuer', 'tenant', 'cloud'])
  const grant = config.grant === preset.grant ? {} : { grant: config.grant }
  const plain = withPreset(app, { provider, clientId, ...place, ...grant }, preset)
  const { additionalScopes = [] } = config
  const own = { ...settings, scopes: config.scopes.filter((scope) => !additionalScopes.includes(scope)) }
  const said = Object.entries(own).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(plain[name as keyof AppConfig]),
  )
  return { provider, clientId, ...place, ...grant, ...Object.fromEntries(said) }
}

const places = ['provider', 'grant', 'tenant', 'cloud', 'issuer'] as const

/**
 * The put that applies `patch` to an app. Defaults of an older preset are kept, unless the app's endpoints change.
 */
export function patchedPut(config: AppConfig, { reset = [], ...patch }: AppPatch): AppPut {
  const put = without(toAppPut(config), reset)
  const said = config.pinned?.said
  const moves = places.some(
    (field) => reset.includes(field) || (patch[field] !== undefined && patch[field] !== config[field]),
  )
  if (!moves || said === undefined) return { ...put, ...patch }
  const { provider, clientId } = put
  return { provider, clientId, ...pick(put, said as (keyof AppPut)[]), ...patch }
}

/** The settings whose defaults differ between the current preset and that of the put. */
export function newerInPreset(config: AppConfig): string[] {
  const { app, provider, clientId, pinned } = config
  if (pinned?.said === undefined) return []
  const said = { ...pick(config, pinned.said as (keyof AppConfig)[]), provider, clientId } as AppPut
  const current = withPreset(app, said, presetOf(config))
  return Object.entries(current)
    .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(config[name as keyof AppConfig]))
    .map(([name]) => name)
}

/** The operator's settings, completed by the preset. */
function withPreset(app: string, put: AppPut, preset: Preset): AppConfig {
  const said = pick(put, ['rotation', 'graceSeconds'])
  const { rotation, graceSeconds } = { ...preset, rotation: rotationOf(put, preset), ...said }
  const grant = put.grant ?? preset.grant
  const place = preset.takes.includes('tenant')
    ? { tenant: put.tenant ?? 'common', cloud: put.cloud ?? ('global' as const) }
    : {}
  const fill = filler(place)
  const scopes = put.scopes ?? preset.scopes.map(fill)
  const additionalScopes = (put.additionalScopes ?? []).filter((scope) => !scopes.includes(scope))
  return {
    app,
    provider: put.provider,
    grant,
    clientId: put.clientId,
    clientAuth: put.clientAuth ?? preset.clientAuth,
    ...place,
    ...mapValues(preset.endpoints, fill),
    ...pick(put, ['authorizeUrl', 'tokenUrl', 'refreshUrl', 'exchangeUrl', 'revocationUrl', 'deviceUrl']),
    ...protocolOf(put, preset),
    ...(preset.securityEvents && { securityEvents: preset.securityEvents }),
    ...pick(put, asPut),
    ...(put.enabled === false && { enabled: false }),
    scopes: [...new Set([...scopes, ...additionalScopes])],
    ...(additionalScopes.length > 0 && { additionalScopes }),
    rotation: grant === 'authorization_code' ? rotation : 'none',
    ...(rotation === 'grace' && graceSeconds !== undefined && { graceSeconds }),
  }
}

/** An exchanged access token stays valid until its own expiry. */
function rotationOf({ refreshWith }: AppPut, { protocol, rotation }: Preset): AppConfig['rotation'] {
  return (refreshWith ?? protocol?.refreshWith) === 'access_token' ? 'none' : rotation
}

const settled = ['clientAuth', 'refreshUrl', 'exchangeUrl'] as const
const protocolFields = Object.keys(protocolSettings).filter(
  (name) => !settled.includes(name as 'clientAuth'),
) as (keyof Omit<ProtocolSettings, (typeof settled)[number]>)[]
/** Settings that are merged with the preset's by name. */
const merged = ['tokenParams', 'refreshParams', 'exchangeParams', 'tokenHeaders'] as const

function protocolOf(put: AppPut, { protocol }: Preset): ProtocolSettings {
  const said = pick(put, protocolFields)
  const both = merged
    .filter((name) => protocol[name] !== undefined && said[name] !== undefined)
    .map((name) => [name, { ...protocol[name], ...said[name] }])
  return { ...protocol, ...said, ...Object.fromEntries(both) }
}

function without(put: AppPut, names: readonly (keyof AppPut)[]): AppPut {
  return Object.fromEntries(
    Object.entries(put).filter(([name]) => !names.includes(name as keyof AppPut)),
  ) as AppPut
}

type Given<T, K extends keyof T> = { readonly [Key in K]?: NonNullable<T[Key]> }

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Given<T, K> {
  const given = keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]] as const)
  return Object.fromEntries(given) as Given<T, K>
}

function mapValues<K extends string>(from: Partial<Record<K, string>>, change: (text: string) => string) {
  const changed = Object.entries<string | undefined>(from).map(([key, text = '']) => [key, change(text)])
  return Object.fromEntries(changed) as Partial<Record<K, string>>
}
