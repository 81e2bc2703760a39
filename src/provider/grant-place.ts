import type { GrantPlace } from '../contract/grant-place.ts'
import type { AppConfig } from './app-config.ts'

/** The endpoints of an app from its settings or discovery. */
export interface Reached {
  /** Absent if the refresh used a separate endpoint. */
  readonly tokenEndpoint?: string
  readonly revocationEndpoint?: string
}

type Setting = 'clientId' | 'tenant' | 'issuer' | 'tokenUrl' | 'refreshUrl'

export function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined
}

/** The place of a grant that was just obtained or refreshed with the app's current settings. */
export function placeOf(config: AppConfig, reached?: Reached): GrantPlace {
  const { clientId, tenant, issuer, refreshUrl } = config
  const tokenEndpoint = reached?.tokenEndpoint ?? config.tokenUrl
  const revocationOrigin = originOf(reached?.revocationEndpoint ?? config.revocationUrl)
  return {
    clientId,
    ...(tenant !== undefined && { tenant }),
    ...(issuer !== undefined && { issuer }),
    ...(tokenEndpoint !== undefined && { tokenEndpoint }),
    ...(refreshUrl !== undefined && { refreshEndpoint: refreshUrl }),
    ...(revocationOrigin !== undefined && { revocationOrigin }),
  }
}

/** The app's settings that differ from where the grant last worked; empty if that is unknown. */
export function movedSettings(place: GrantPlace | undefined, config: AppConfig): readonly Setting[] {
  if (place === undefined) return []
  const { clientId, tenant, issuer, tokenUrl, refreshUrl } = config
  const moved: readonly [Setting, boolean][] = [
    ['clientId', place.clientId !== clientId],
    ['tenant', place.tenant !== tenant],
    // With an explicit token endpoint the issuer is used only to validate ID tokens.
    ['issuer', tokenUrl === undefined && place.issuer !== issuer],
    ['tokenUrl', tokenUrl !== undefined && isAnother(place.tokenEndpoint, tokenUrl)],
    ['refreshUrl', hrefOf(place.refreshEndpoint) !== hrefOf(refreshUrl)],
  ]
  return moved.filter(([, differs]) => differs).map(([setting]) => setting)
}

function isAnother(known: string | undefined, url: string): boolean {
  return known !== undefined && hrefOf(known) !== hrefOf(url)
}

function hrefOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).href : undefined
}

/**
 * The origins a grant's refresh token may be sent to; undefined if unrestricted. A grant without a discovered endpoint belongs
 * to its issuer.
 */
export function tokenOrigins(
  place: GrantPlace | undefined,
  config: AppConfig,
): readonly string[] | undefined {
  if (place === undefined) return undefined
  const known = [place.tokenEndpoint, place.refreshEndpoint].flatMap((url) => originOf(url) ?? [])
  if (known.length > 0) return [...new Set([...known, ...allowedMoves(config)])]
  return place.issuer === config.issuer && config.tokenUrl === undefined ? undefined : allowedMoves(config)
}

/** The same for the revocation endpoint, which may always have been at another origin. */
export function revocationOrigins(
  place: GrantPlace | undefined,
  config: AppConfig,
): readonly string[] | undefined {
  const origins = tokenOrigins(place, config)
  if (origins === undefined || place?.revocationOrigin === undefined) return origins
  return [...origins, place.revocationOrigin]
}

function allowedMoves({ pinned }: AppConfig): readonly string[] {
  return pinned?.moves?.to ?? []
}

interface Sending {
  readonly config: AppConfig
  readonly onlyTo: readonly string[] | undefined
  /** The operator set this endpoint explicitly, without discovery. */
  readonly isConfigured?: boolean
}

/** Discovery results may change, so the origin at which the app first worked is pinned. */
export function mayReach({ origin }: URL, { config: { pinned }, onlyTo, isConfigured }: Sending): boolean {
  if (onlyTo !== undefined && !onlyTo.includes(origin)) return false
  return isConfigured || pinned?.tokenOrigin === undefined || pinned.tokenOrigin === origin
}
