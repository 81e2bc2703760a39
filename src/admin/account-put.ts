import { isDeepStrictEqual } from 'node:util'
import type { AccountContext, AccountEvent, AccountSettings } from '../../machines/index.ts'
import type { AccountSecrets } from '../actors/account-actor.ts'
import type { Decision } from '../actors/actor.ts'
import { tokenMarks } from '../actors/refresh-token-fingerprints.ts'
import type { TokenPair } from '../actors/sealed-tokens.ts'
import type { AccountPut } from '../contract/account.ts'
import type { Consented } from '../contract/consented.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { exchangesSubjectTokens, spendsRefreshToken } from '../provider/grant-forms.ts'
import { placeOf } from '../provider/grant-place.ts'
import { presetOf } from '../provider/presets.ts'
import { livesWithoutRefreshToken } from '../provider/refreshing.ts'
import { fillParams, type Params } from '../provider/url-params.ts'
import { earlierPerson, identityMismatch } from './other-person.ts'
import { accessTokenOf, grantTokenIn, isRefreshable } from './put-tokens.ts'

export interface PutSeen {
  readonly at: number
  /** Also used as the id of a new grant. */
  readonly eventId: string
  readonly context: AccountContext
  readonly put: AccountPut
  readonly config: AppConfig
  /** The fingerprint of the put token that sustains the grant, and the fingerprints of all the account ever held. */
  readonly mark: string | undefined
  readonly marks: string | undefined
  readonly current: TokenPair | null
  /** JSON text, as stored. */
  readonly metadata: string | undefined
  readonly extra: string | undefined
  /** The endpoints at which the grant works, if they differ from the app's current ones. */
  readonly place: GrantPlace | undefined
  /** The put is the result of a consent that has just ended. */
  readonly consented: Consented | undefined
}

export type PutDecision = Decision<AccountEvent, AccountSecrets> | null

/** The account's effective settings: its own first, then its app's. */
function settingsOf({ put, config, context, consented }: PutSeen): AccountSettings {
  const { idleLimit, testingLife = 0, outlived = 'inactive' } = presetOf(config)
  return {
    app: put.app,
    provider: config.provider,
    user: put.user,
    ...whoOf({ put, context, consented }),
    policy: put.policy ?? config.policy ?? 'adaptive',
    rotation: config.rotation,
    graceMs: (config.graceSeconds ?? 30) * 1_000,
    idleLimitMs: idleLimit,
    testingLifeMs: config.testing ? testingLife : 0,
    outlived,
    refreshWith: exchangesSubjectTokens(config) ? 'subject_token' : (config.refreshWith ?? 'refresh_token'),
    params: paramsOf({ put, config, context }),
  }
}

/** A put that names another user replaces what was kept about the previous one. */
function whoOf({ put, context, consented }: Pick<PutSeen, 'put' | 'context' | 'consented'>) {
  if (consented?.identity) return { subject: put.subject ?? null, identity: consented.identity }
  const isSame = put.subject === undefined ? put.user === context.user : put.subject === context.subject
  return {
    subject: put.subject ?? (isSame ? context.subject : null),
    identity: isSame ? context.identity : null,
  }
}

/**
 * Decides whether a put is a new grant, a change of settings, or nothing. It never rolls a token back: a refresh token that
 * this account has already used changes nothing.
 */
export function decidePut(asked: PutSeen): Result<PutDecision> {
  const { context, put, mark, marks } = asked
  const exists = context.grantId !== null
  if (put.ifGeneration !== undefined && put.ifGeneration !== context.tokenGeneration) {
    return fail('conflict', `ifGeneration: the account is at generation ${context.tokenGeneration}`)
  }
  const filled = fillParams(asked.config, paramsOf(asked))
  if (!filled.ok) return filled
  const { value: config } = filled
  const seen = { ...asked, config }
  const senseless = withoutMeaning(seen)
  if (senseless !== undefined) return fail('invalid_config', senseless)
  const previousUser = earlierPerson(seen)
  if (previousUser !== undefined && put.allowOtherUser === false)
    return identityMismatch(context.account, previousUser)
  if (!spendsRefreshToken(config)) return putService(seen)
  if (seen.consented !== undefined) return putConsented(seen, mark)
  if (mark === undefined) return exists ? keepGrant(seen) : withoutRefreshToken(seen)
  if (!exists || !tokenMarks.knows(marks, mark)) return ok(authorize(seen, seen.eventId))
  return ok(putAgain(seen))
}

/**
 * A code that was just redeemed gives a valid grant, even with a refresh token that this account had before. Without a
 * refresh token the grant of the same user is kept.
 */
function putConsented(seen: PutSeen, mark: string | undefined): Result<PutDecision> {
  const { context } = seen
  if (mark !== undefined || livesWithoutRefreshToken(seen.config)) return ok(authorize(seen, seen.eventId))
  const isAlive = context.grantId !== null && context.refreshable && context.invalid?.class !== 'A'
  if (isAlive && context.app === seen.put.app && earlierPerson(seen) === undefined) return ok(sameGrant(seen))
  return fail('invalid_config', 'refreshToken: required to connect an account of this app', {
    reason: 'no_refresh_token',
  })
}

/** The put's params; without any, the account keeps its own unless its app changes. */
export function paramsOf({ put, config, context }: Pick<PutSeen, 'put' | 'config' | 'context'>): Params {
  if (config.urlParams === undefined) return {}
  return put.params ?? (put.app === context.app ? context.params : {})
}

function withoutMeaning({ put, config }: PutSeen): string | undefined {
  if (put.expires === null && spendsRefreshToken(config) && !livesWithoutRefreshToken(config))
    return 'expires: must not be null for an app whose accounts need a refresh token'
  if (put.refreshToken !== undefined && config.refreshToken === 'none')
    return 'refreshToken: not accepted for an account of this app, which has none'
  if (put.accessToken !== undefined && exchangesSubjectTokens(config))
    return "accessToken: not accepted for an account of this app, which exchanges the callers' tokens"
  const unknown = Object.keys(put.params ?? {}).find((name) => config.urlParams?.[name] === undefined)
  if (unknown !== undefined) return `params: ${unknown} is not one of the app's urlParams`
  const unkept = Object.keys(put.extra ?? {}).find((name) => !config.keep?.includes(name))
  if (unkept !== undefined) return `extra: ${unkept} is not in the app's setting keep`
  return undefined
}

/** A put of a token that this account holds or held. */
function putAgain(seen: PutSeen): PutDecision {
  const { context, put } = seen
  const isCurrent = grantTokenIn(put, seen)?.reveal() === grantTokenIn(seen.current ?? {}, seen)?.reveal()
  if (!isCurrent) return null
  if (context.invalid?.class !== 'A') return sameGrant(seen)
  // A grant that was revoked on purpose needs a new one; an expired access token cannot be tried again.
  const isOver = context.invalid.reported || (put.refreshToken === undefined && !livesStill(seen))
  return isOver ? null : tryAgain(seen)
}

function livesStill({ put, at }: PutSeen): boolean {
  return typeof put.expires === 'string' && Date.parse(put.expires) > at
}

/**
 * The current token of a revoked grant that is put again is tried once more, because the app or provider may have
 * caused the refusal.
 */
function tryAgain(seen: PutSeen): PutDecision {
  const { accessToken: _, expires: __, ...put } = seen.put
  const grantId = seen.context.grantId as string
  const keepsAccessToken = put.refreshToken === undefined || bringsNewer(seen)
  return authorize(keepsAccessToken ? seen : { ...seen, put }, grantId)
}

/** True if the put makes a revoked grant be tried again. */
export function triesAgain({ invalid, grantId }: AccountContext, decision: PutDecision): boolean {
  const event = decision?.event
  return invalid?.class === 'A' && event?.type === 'account.authorized' && event.grantId === grantId
}

/** An account without a grant of its own: its tokens are obtained with the app's credentials. */
function putService(seen: PutSeen): Result<PutDecision> {
  const { put, context } = seen
  if (put.refreshToken !== undefined)
    return fail('invalid_config', 'refreshToken: not accepted for an account of this app, which has none')
  const same = put.user === context.user && put.app === context.app
  return ok(same && context.invalid?.class !== 'A' ? sameGrant(seen) : authorize(seen, seen.eventId))
}

function withoutRefreshToken(seen: PutSeen): Result<PutDecision> {
  if (seen.put.accessToken !== undefined) return ok(authorize(seen, seen.eventId))
  return fail('invalid_config', 'refreshToken: required to connect an account of this app')
}

function keepGrant(seen: PutSeen): Result<PutDecision> {
  if (seen.put.user === seen.context.user && seen.put.app === seen.context.app) return ok(sameGrant(seen))
  return fail('invalid_config', 'refreshToken: required when the user or the app of an account changes')
}

/**
 * The grant stays the same. A newer access token, or a put of a parked account, authorises it again; other puts change the
 * settings, or nothing.
 */
function sameGrant(seen: PutSeen): PutDecision {
  const { at, eventId, context, put } = seen
  const parked = context.invalid?.class === 'S'
  if ((bringsNewer(seen) && context.invalid?.class !== 'A') || parked)
    return authorize(seen, context.grantId as string)
  const settings = settingsOf(seen)
  const names = Object.keys(settings) as (keyof AccountSettings)[]
  const sameMetadata = put.metadata === undefined || JSON.stringify(put.metadata) === seen.metadata
  if (
    sameMetadata &&
    sameExtra(seen) &&
    names.every((name) => isDeepStrictEqual(settings[name], context[name]))
  )
    return null
  return {
    event: { type: 'account.updated', at, id: eventId, settings },
    extra: { metadata: put.metadata, extra: put.extra },
  }
}

function sameExtra({ put, extra }: PutSeen): boolean {
  const known = extra === undefined ? {} : (JSON.parse(extra) as Record<string, unknown>)
  return Object.entries(put.extra ?? {}).every(([name, value]) => known[name] === value)
}

/** True if the put has a newer access token; one that expires before the current one is outdated. */
function bringsNewer({ put, context, current }: PutSeen): boolean {
  if (put.accessToken === undefined || put.accessToken.reveal() === current?.accessToken?.reveal())
    return false
  return put.expires == null || Date.parse(put.expires) >= context.expiresAt
}

function authorize(seen: PutSeen, grantId: string): PutDecision {
  const { at, eventId, put, config, context } = seen
  const known = grantId === context.grantId ? seen.current : null
  const kept = known?.refreshToken
  const refreshToken = put.refreshToken ?? kept
  const { accessToken, expiresAt } = accessTokenOf(seen, { known, refreshToken })
  // A refresh token in the put may be sent to the app's current endpoints; a stored one only where it last worked.
  const brought = put.refreshToken !== undefined || kept === undefined
  const place = brought ? (seen.place ?? placeOf(config)) : seen.current?.place
  const previousUser = earlierPerson(seen)
  return {
    event: {
      type: 'account.authorized',
      at,
      id: eventId,
      grantId,
      settings: settingsOf(seen),
      scopes: put.scopes ?? (grantId === context.grantId ? context.scopes : config.scopes),
      expiresAt,
      grantEndsAt: put.grantExpires === undefined ? null : Date.parse(put.grantExpires),
      refreshable: isRefreshable(config, { refreshToken, accessToken }),
      ...(previousUser !== undefined && { previousUser }),
    },
    extra: {
      tokens: { accessToken, refreshToken, ...(spendsRefreshToken(config) && { place }) },
      metadata: put.metadata,
      extra: put.extra,
    },
  }
}
