import { isDeepStrictEqual } from 'node:util'
import type { App } from '../actors/app-actor.ts'
import type { AppPatch } from '../contract/app.ts'
import { fail, type Result } from '../contract/failures.ts'
import type { AppConfig, Pinned } from '../provider/app-config.ts'
import { urlFields } from '../provider/url-params.ts'

/** The origins that `moveGrants` allows the app's grants to be sent to. */
export interface MoveOrder {
  readonly to: readonly string[]
}

export interface Moving {
  /** The app as the save finds it. */
  readonly found: App
  readonly config: AppConfig
  /** The settings named in this request. */
  readonly asked: AppPatch
  readonly order?: MoveOrder | undefined
  /** The request replaces all settings. */
  readonly whole: boolean
}

const causes = ['provider', 'tenant', 'cloud', ...urlFields] as const

/**
 * A caller who may change an app must not learn its secrets by redirecting them: endpoints can be changed only together
 * with a secret in the same request.
 */
export function checkSecretMoves({ found, config, asked }: Moving): Result<never> | undefined {
  const { config: before, secrets } = found
  if (before === null || secrets.length === 0 || givesSecret(asked)) return undefined
  if (!isDeepStrictEqual(before.urlParams, config.urlParams))
    return fail('invalid_config', `urlParams: ${rule('another endpoint')}`)
  const moved = urlFields.find((field) => hrefOf(before[field]) !== hrefOf(config[field]))
  if (moved === undefined) return undefined
  const cause = causes.find((field) => asked[field] !== undefined && before[field] !== config[field]) ?? moved
  const what = cause === moved ? 'another endpoint' : `another ${moved}`
  return fail('invalid_config', `${cause}: ${rule(what)}`)
}

const rule = (what: string) =>
  `${what} needs the secret of the app in the same request (clientSecret, secrets or serviceKey)`

function givesSecret({ clientSecret, secrets, serviceKey }: AppPatch): boolean {
  return (clientSecret ?? secrets ?? serviceKey) !== undefined
}

/** The settings to store, with what is pinned to them. */
export function withPinned({ found, config, asked, order, whole }: Moving): AppConfig {
  const before = found.config ?? undefined
  const known = before?.pinned
  const said = whole ? fieldsOf(asked) : known?.said && saidSince(known.said, asked)
  const discovers = config.tokenUrl === undefined
  const staysPut = before?.issuer === config.issuer && before?.tokenUrl === undefined
  const tokenOrigin = order ? order.to[0] : staysPut ? known?.tokenOrigin : undefined
  const moves = order
    ? { count: (known?.moves?.count ?? 0) + 1, to: order.to }
    : isSameTarget(before, config)
      ? known?.moves
      : undefined
  const pinned: Pinned = {
    ...(said && { said }),
    ...(discovers && tokenOrigin !== undefined && { tokenOrigin }),
    ...(moves && { moves }),
  }
  return Object.keys(pinned).length === 0 ? config : { ...config, pinned }
}

/** `moveGrants` applies to the endpoints of its put; it ends when they change. */
function isSameTarget(before: AppConfig | undefined, after: AppConfig): boolean {
  return (
    before !== undefined &&
    urlFields.every((field) => field === 'authorizeUrl' || hrefOf(before[field]) === hrefOf(after[field]))
  )
}

function saidSince(before: readonly string[], asked: AppPatch): string[] {
  const kept = before.filter((name) => !asked.reset?.includes(name as 'name'))
  return [...new Set([...kept, ...fieldsOf(asked)])]
}

const unpinned = new Set(['clientSecret', 'secrets', 'serviceKey', 'moveGrants', 'ifVersion', 'reset'])
const fieldsOf = (asked: AppPatch) =>
  Object.entries(asked)
    .filter(([name, value]) => value !== undefined && !unpinned.has(name))
    .map(([name]) => name)

function hrefOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).href : url
}
