import type { Change } from './account-change.ts'
import type { AccountContext, AccountState, Invalid } from './account-context.ts'
import type { AccountEvent, GrantRevoked, RefreshFailed } from './account-events.ts'
import { origin } from './account-grant.ts'
import { probableEnd } from './account-inference.ts'
import type { Rotation } from './account-settings.ts'
import { machineReasons } from './reasons.ts'
import { parkedProbeAt } from './time-rules.ts'

/** Whether a lost answer can end the grant: not if the used refresh token stays valid. */
const losesGrant: Record<Rotation, boolean> = {
  none: false,
  'keeps-old': false,
  grace: true,
  'until-used': true,
  strict: true,
}

/** A refusal while an answer may be missing means that the interrupted refresh ended the grant, not the user. */
export function refusalAsInvalid(context: AccountContext, event: RefreshFailed): Invalid {
  const { reason, action, recoverable, inferred, providerError, settings } = event
  const interrupted =
    event.class === 'R' &&
    losesGrant[context.rotation] &&
    (context.doubtSince !== null || context.invalid?.reason === 'refresh_interrupted')
  const probable = event.class === 'R' && reason === 'grant_revoked' ? probableEnd(context, event.at) : null
  const guess = interrupted ? null : probable
  return {
    state: 'revoked',
    reason: interrupted ? 'refresh_interrupted' : (guess ?? reason),
    class: event.class === 'S' ? 'S' : 'A',
    recoverable: event.class === 'S' && recoverable,
    action,
    ...(inferred || guess !== null ? { inferred: true } : {}),
    providerError,
    ...(settings !== undefined && { settings }),
  }
}

export function reportAsInvalid({ reason, action, recoverable, class: cause }: GrantRevoked): Invalid {
  return {
    state: 'revoked',
    reason,
    class: cause,
    recoverable,
    action,
    reported: true,
    providerError: { status: null, error: reason },
  }
}

export const noRefreshToken: Invalid = {
  state: 'revoked',
  reason: 'no_refresh_token',
  class: 'A',
  recoverable: false,
  action: machineReasons.no_refresh_token.action,
  providerError: { status: null, error: 'no_refresh_token' },
}

/** The app's failure, announced for an account only once its token has expired. */
export function runOut(context: AccountContext, from: AccountState): Change {
  return { invalid: secretAsInvalid(context), previousState: origin(context, from) }
}

/** Also while the token still lives, before the failure is announced. */
export function secretAsInvalid(context: AccountContext): Invalid {
  return {
    state: 'secret-expired',
    reason: context.lastError?.reason ?? 'client_rejected',
    class: 'P',
    recoverable: true,
    action: context.lastError?.action ?? machineReasons.client_rejected.action,
    providerError: context.lastError?.providerError ?? { status: null, error: 'invalid_client' },
  }
}

interface Revocation {
  readonly invalid: Invalid
  readonly from: AccountState
}

/** A dead grant never wakes up; a parked one is probed slowly, unless that is useless. */
export function revoke(context: AccountContext, event: AccountEvent, { invalid, from }: Revocation): Change {
  const looks = !(event.type === 'refresh.failed' && event.wakes === false)
  return {
    attempt: null,
    rejected: null,
    previousState: origin(context, from),
    invalid,
    wakeAt: invalid.class === 'S' && context.refreshable && looks ? parkedProbeAt(context, event.at) : null,
  }
}
