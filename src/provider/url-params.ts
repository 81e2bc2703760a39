import { fail, ok, type Result } from '../contract/failures.ts'
import type { AppConfig } from './app-config.ts'

/** An account's values for the `{name}` placeholders in its app's URLs. */
export type Params = Readonly<Record<string, string>>

/** The settings that are URLs. */
export const urlFields = [
  'issuer',
  'authorizeUrl',
  'tokenUrl',
  'refreshUrl',
  'exchangeUrl',
  'revocationUrl',
  'deviceUrl',
] as const
const maps = ['authorizeParams', 'tokenParams', 'refreshParams', 'exchangeParams', 'tokenHeaders'] as const

/**
 * The settings with the placeholders filled in for one account. The host decides where the client secret is sent, so a value
 * must match the operator's current pattern, and have no character that delimits parts of a URL.
 */
export function fillParams(
  config: AppConfig,
  params: Params,
  { beforeCallback = false }: { readonly beforeCallback?: boolean } = {},
): Result<AppConfig> {
  const { urlParams } = config
  if (urlParams === undefined) return ok(config)
  const violation = violationIn(urlParams, params, beforeCallback)
  if (violation !== undefined) return fail('invalid_config', violation)
  const fill = (template: string) =>
    template.replace(/\{(\w+)\}/g, (all, name: string) =>
      Object.hasOwn(urlParams, name) && Object.hasOwn(params, name) ? (params[name] as string) : all,
    )
  const filled: Record<string, unknown> = { ...config }
  for (const field of urlFields) if (config[field] !== undefined) filled[field] = fill(config[field])
  for (const field of maps) if (config[field] !== undefined) filled[field] = fillValues(config[field], fill)
  return ok(filled as unknown as AppConfig)
}

function violationIn(
  urlParams: NonNullable<AppConfig['urlParams']>,
  params: Params,
  beforeCallback: boolean,
): string | undefined {
  for (const [name, { pattern, from }] of Object.entries(urlParams)) {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (value === undefined && beforeCallback && from !== undefined) continue
    const violation = value === undefined ? 'required by the app' : violationOf(value, pattern)
    if (violation !== undefined) return `params.${name}: ${violation}`
  }
  return undefined
}

/** Merges values from the callback, which are newer than stored ones. */
export function paramsFromCallback(
  { urlParams = {} }: Pick<AppConfig, 'urlParams'>,
  params: Params,
  { searchParams }: URL,
): Params {
  const said = Object.entries(urlParams).flatMap(([name, { from }]) => {
    const value = from === undefined ? null : searchParams.get(from)
    return value === null ? [] : [[name, value] as const]
  })
  return { ...params, ...Object.fromEntries(said) }
}

/** True if URLs are filled in per account. */
export function isFilledPerAccount({ urlParams }: Pick<AppConfig, 'urlParams'>): boolean {
  return urlParams !== undefined
}

/** No characters that delimit parts of a URL, and not beginning like `.` and `..`. */
const inertValue = /^[A-Za-z0-9_-][A-Za-z0-9_.~:-]{0,255}$/

function violationOf(value: string, pattern: string): string | undefined {
  if (!inertValue.test(value)) return 'must have only letters, digits and _.~:-, and 256 at most'
  // Matching takes bounded time: see `url-pattern.ts`.
  return new RegExp(pattern, 'u').test(value) ? undefined : 'does not match the pattern of the app'
}

function fillValues<T>(
  values: Readonly<Record<string, T>>,
  fill: (text: string) => string,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? fill(value) : value]),
  )
}
