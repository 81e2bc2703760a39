import type { AccountContext, AccountEvent, AccountSettings } from '../../machines/index.ts'
import type { AccountSecrets } from '../actors/account-actor.ts'
import type { Decision } from '../actors/actor.ts'
import { tokenMarks } from '../actors/refresh-token-fingerprints.ts'
import type { TokenPair } from '../actors/sealed-tokens.ts'
import type { AccountPut } from '../contract/account.ts'
import { fail, ok, type Result } from '../contract/failures.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { spendsRefreshToken } from '../provider/grant-forms.ts'
import { presetOf } from '../provider/presets.ts'

export interface PutSeen {
  readonly at: number
  /** Also the id of a grant that begins with it. */
  readonly eventId: string
  readonly context: AccountContext
  readonly put: AccountPut
  readonly config: AppConfig
  /** The fingerprint of the refresh token put, and those of all this account ever held. */
  readonly mark: string | undefined
  readonly marks: string | undefined
  readonly current: TokenPair | null
  /** As it is stored. */
  readonly metadata: string | undefined
  /** Where a grant that is put works. */
  readonly place: GrantPlace
}

type PutDecision = Decision<AccountEvent, AccountSecrets> | null

/** The settings an account runs under: its own wish first, then its app's. */
function settingsOf({ put, config, context }: PutSeen): AccountSettings {
  const { idleLimit, testingLife = 0, outlived = 'inactive' } = presetOf(config)
  return {
    app: put.app,
    provider: config.provider,
    user: put.user,
    subject: put.subject ?? (put.user === context.user ? context.subject : null),
    policy: put.policy ?? config.policy ?? 'adaptive',
    rotation: config.rotation,
    graceMs: (config.graceSeconds ?? 30) * 1_000,
    idleLimitMs: idleLimit,
    testingLifeMs: config.testing ? testingLife : 0,
    outlived,
  }
}

/**
 * What a put means for the account as it is: a new grant, other settings, or nothing. It never rolls a token back:
 * a refresh token this account already spent changes nothing.
 */
export function decidePut(seen: PutSeen): Result<PutDecision> {
  const { context, put, mark, marks } = seen
  const exists = context.grantId !== null
  if (put.ifGeneration !== undefined && put.ifGeneration !== context.tokenGeneration) {
    return fail('conflict', `ifGeneration: the account is at generation ${context.tokenGeneration}`)
  }
  if (!spendsRefreshToken(seen.config)) return putService(seen)
  if (mark === undefined) return exists ? keepGrant(seen) : withoutRefreshToken(seen)
  if (!exists || !tokenMarks.knows(marks, mark)) return ok(authorize(seen, seen.eventId))
  const isCurrent = put.refreshToken?.reveal() === seen.current?.refreshToken?.reveal()
  if (!isCurrent) return ok(null)
  if (context.invalid?.class !== 'A') return ok(sameGrant(seen))
  // What somebody ended on purpose needs a new grant.
  return ok(context.invalid.reported ? null : tryAgain(seen))
}

/** Who puts the token of a dead grant anew wants it tried once more: the provider may have been wrong, or the app. */
function tryAgain(seen: PutSeen): PutDecision {
  const { accessToken: _, expires: __, ...put } = seen.put
  const grantId = seen.context.grantId as string
  return authorize(bringsNewer(seen) ? seen : { ...seen, put }, grantId)
}

/** Did this put make of a dead grant one that is tried again? */
export function triesAgain({ invalid, grantId }: AccountContext, decision: PutDecision): boolean {
  const event = decision?.event
  return invalid?.class === 'A' && event?.type === 'account.authorized' && event.grantId === grantId
}

/** An account whose tokens are made of what the app has: there is no grant to keep, or to be dead. */
function putService(seen: PutSeen): Result<PutDecision> {
  const { put, context } = seen
  if (put.refreshToken !== undefined)
    return fail('invalid_config', 'refreshToken: has no meaning for an account of this app')
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
 * The grant stays. A newer access token, or a parked grant brought back by a person, starts it afresh; what is known
 * already changes nothing.
 */
function sameGrant(seen: PutSeen): PutDecision {
  const { at, eventId, context, put } = seen
  const parked = context.invalid?.class === 'S'
  if ((bringsNewer(seen) && context.invalid?.class !== 'A') || parked)
    return authorize(seen, context.grantId as string)
  const settings = settingsOf(seen)
  const names = Object.keys(settings) as (keyof AccountSettings)[]
  const sameMetadata = put.metadata === undefined || JSON.stringify(put.metadata) === seen.metadata
  if (sameMetadata && names.every((name) => settings[name] === context[name])) return null
  return {
    event: { type: 'account.updated', at, id: eventId, settings },
    extra: { metadata: put.metadata },
  }
}

/** An access token that runs out before the current one was refreshed away: it comes from an old list. */
function bringsNewer({ put, context, current }: PutSeen): boolean {
  if (put.accessToken === undefined || put.accessToken.reveal() === current?.accessToken?.reveal())
    return false
  return put.expires === undefined || Date.parse(put.expires) >= context.expiresAt
}

function authorize(seen: PutSeen, grantId: string): PutDecision {
  const { at, eventId, put, config, context } = seen
  const kept = grantId === context.grantId ? seen.current?.refreshToken : undefined
  const refreshToken = put.refreshToken ?? kept
  // Only who brings the token itself says where it may go: a kept one stays where it last worked.
  const brought = put.refreshToken !== undefined || kept === undefined
  const place = brought ? seen.place : seen.current?.place
  return {
    event: {
      type: 'account.authorized',
      at,
      id: eventId,
      grantId,
      settings: settingsOf(seen),
      scopes: put.scopes ?? (grantId === context.grantId ? context.scopes : config.scopes),
      expiresAt:
        put.accessToken === undefined
          ? null
          : put.expires === undefined
            ? at + presetOf(config).tokenLife
            : Date.parse(put.expires),
      grantEndsAt: put.grantExpires === undefined ? null : Date.parse(put.grantExpires),
      refreshable: refreshToken !== undefined || !spendsRefreshToken(config),
    },
    extra: {
      tokens: { accessToken: put.accessToken, refreshToken, ...(spendsRefreshToken(config) && { place }) },
      metadata: put.metadata,
    },
  }
}
