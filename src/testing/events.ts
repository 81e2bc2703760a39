import type {
  AccountAuthorized,
  AccountSettings,
  GrantRevoked,
  RefreshFailed,
  RefreshSucceeded,
  TimerDue,
  TokenRejected,
  TokenRequested,
} from '../../machines/index.ts'
import { markLeftOut } from './left-out.ts'

/** The start time of specifications, in milliseconds. */
export const start = 1_800_000_000_000
/** A second, in milliseconds. */
export const second = 1_000
/** A minute, in milliseconds. */
export const minute = 60 * second
/** An hour, in milliseconds. */
export const hour = 60 * minute
/** A day, in milliseconds. */
export const day = 24 * hour

const settings: AccountSettings = {
  app: 'app',
  provider: 'oidc',
  user: 'alice@example.com',
  subject: null,
  policy: 'eager',
  rotation: 'strict',
  graceMs: 30 * second,
  idleLimitMs: 0,
  testingLifeMs: 0,
  outlived: 'inactive',
  refreshWith: 'refresh_token',
  identity: null,
  params: {},
}

let ids = 0
/** A unique event id. */
const newId = () => `event-${++ids}`

type Given<E> = Partial<Omit<E, 'type'>>

interface At {
  /** Cluster time in milliseconds. */
  readonly at: number
}

/**
 * A person has consented: a grant with an hour of access, `strict` rotation and policy `eager`. `with` changes these settings.
 *
 * @example
 * ```ts
 * given(accountMachine, [authorized({ with: { policy: 'lazy' } })])
 * ```
 */
export function authorized({
  with: changed,
  ...given
}: Given<AccountAuthorized> & { with?: Partial<AccountSettings> } = {}): AccountAuthorized {
  const at = given.at ?? start
  return {
    type: 'account.authorized',
    at,
    id: newId(),
    grantId: 'grant-1',
    settings: { ...settings, ...changed },
    scopes: ['openid'],
    expiresAt: at + hour,
    grantEndsAt: null,
    refreshable: true,
    ...given,
  }
}

/**
 * The account's wake-up time has come. `used` (the token was requested during its lifetime) is false unless given.
 *
 * @example
 * ```ts
 * given(accountMachine, [authorized()]).when(timerDue({ at: start + hour })).then({ state: 'refreshing' })
 * ```
 */
export function timerDue(given: Given<TimerDue> & At): TimerDue {
  return { type: 'timer.due', id: newId(), used: false, ...given }
}

/**
 * A caller requests a token; without options unless given.
 *
 * @example
 * ```ts
 * tokenRequested({ at: start + minute, force: true })
 * ```
 */
export function tokenRequested(given: Given<TokenRequested> & At): TokenRequested {
  return {
    type: 'token.requested',
    id: newId(),
    minValidity: null,
    force: false,
    ifGeneration: null,
    resource: null,
    ...given,
  }
}

/**
 * An API answered 401; to the current token unless `generation` is given.
 *
 * @example
 * ```ts
 * given(accountMachine, [authorized()]).when(tokenRejected({ at: start + minute })).then({ state: 'refreshing' })
 * ```
 */
export function tokenRejected(given: Given<TokenRejected> & At): TokenRejected {
  const event: TokenRejected = {
    type: 'token.rejected',
    id: newId(),
    generation: 1,
    claims: null,
    resource: null,
    ...given,
  }
  return markLeftOut(event, given, ['generation'])
}

/**
 * The answer to the attempt in flight: a token for an hour and a rotated refresh token, unless given otherwise.
 *
 * @example
 * ```ts
 * const past = [authorized(), timerDue({ at: start + hour })]
 * given(accountMachine, past).when(refreshSucceeded({ at: start + hour + second })).then({ state: 'valid' })
 * ```
 */
export function refreshSucceeded(given: Given<RefreshSucceeded> & At): RefreshSucceeded {
  const event: RefreshSucceeded = {
    type: 'refresh.succeeded',
    id: newId(),
    attempt: 'attempt',
    grantId: 'grant-1',
    baseGeneration: 1,
    startedAt: given.at,
    expiresIn: hour,
    refreshTokenExpiresIn: null,
    scopes: null,
    rotated: true,
    resource: null,
    ...given,
  }
  return markLeftOut(event, given, ['attempt', 'grantId', 'baseGeneration'])
}

/**
 * The attempt in flight failed; temporarily (class T), unless given otherwise.
 *
 * @example
 * ```ts
 * refreshFailed({ at: start + hour + second, class: 'A', reason: 'consent_withdrawn', recoverable: false })
 * ```
 */
export function refreshFailed(given: Given<RefreshFailed> & At): RefreshFailed {
  const event: RefreshFailed = {
    type: 'refresh.failed',
    id: newId(),
    attempt: 'attempt',
    baseGeneration: 1,
    class: 'T',
    reason: 'provider_unavailable',
    recoverable: true,
    action: 'wait',
    inDoubt: false,
    retryAfter: null,
    providerError: { status: 503, error: 'http_503' },
    ...given,
  }
  return markLeftOut(event, given, ['attempt', 'baseGeneration'])
}

/**
 * An operator or a security event reports that the grant has ended.
 *
 * @example
 * ```ts
 * given(accountMachine, [authorized()]).when(grantRevoked({ at: start + minute })).then({ state: 'revoked' })
 * ```
 */
export function grantRevoked(given: Given<GrantRevoked> & At): GrantRevoked {
  return {
    type: 'grant.revoked',
    id: newId(),
    class: 'A',
    reason: 'grant_revoked',
    action: 'ask the user to reconnect',
    recoverable: false,
    endedAt: given.at,
    ...given,
  }
}

/**
 * An event without further data.
 *
 * @example
 * ```ts
 * happened('account.removed', start + minute)
 * ```
 */
export function happened<
  T extends 'account.removed' | 'app.secret-updated' | 'app.probe' | 'grant.restored' | 'keys.rotated',
>(type: T, at: number): { type: T; at: number; id: string } {
  return { type, at, id: newId() }
}

/**
 * A clock a test moves by hand, in milliseconds.
 *
 * @example
 * ```ts
 * const clock = fakeClock()
 * const due = timerDue({ at: clock.advance(hour) })
 * ```
 */
export function fakeClock(at = start) {
  let now = at
  return {
    /** The time it shows. */
    now: () => now,
    /** Moves it forward; answers the new time. */
    advance(milliseconds: number): number {
      now += milliseconds
      return now
    },
  }
}
