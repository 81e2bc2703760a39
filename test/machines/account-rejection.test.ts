import { describe, expect, it } from 'vitest'
import { type AccountContext, isServed, never, servingDecision } from '../../machines/index.ts'
import {
  authorized,
  day,
  happened,
  minute,
  second,
  start,
  timerDue,
  tokenRejected,
} from '../../src/testing/index.ts'
import { account } from '../support/account-given.ts'

const at = start + minute
const alone = authorized({ refreshable: false, expiresAt: never })
const first = tokenRejected({ at, generation: 1 })
const later = (after: number) => tokenRejected({ at: at + after, generation: 1 })
const seenAt = (snapshot: unknown, moment: number) => {
  const { value, context } = snapshot as { value: 'valid'; context: AccountContext }
  return { state: value, context, at: moment }
}
const want = { minValidity: null, resource: null }

describe('a token without expiry', () => {
  it('stays valid without a wake-up', () => {
    account()
      .when(alone)
      .then({ state: 'valid', context: { wakeAt: null, expiresAt: never } })
  })
  it('satisfies any minValidity', () => {
    const { before } = account(alone)
    expect(servingDecision(seenAt(before, at), { ...want, minValidity: Number.MAX_VALUE })).toEqual({
      kind: 'token',
    })
  })
})

describe('a rejected token that cannot be replaced', () => {
  const reported = account(alone, first)
  it('is withheld for 30 s with retryAfter, and served again afterwards', () => {
    expect(servingDecision(seenAt(reported.before, at + second), want)).toEqual({
      kind: 'withheld',
      retryAfter: 29 * second,
    })
    expect(isServed(seenAt(reported.before, at + 30 * second))).toBe(true)
  })
  it('is not withheld longer by concurrent reports', () => {
    reported.when(later(20 * second)).thenNothing()
  })
  it('is withheld again by a report soon after it was served again', () => {
    reported
      .when(later(40 * second))
      .then({ state: 'valid', context: { rejection: { since: at, until: at + 70 * second } } })
  })
  it('parks the account on a report a minute after the first, and is kept', () => {
    reported.when(later(59 * second)).then({ state: 'valid' })
    reported.when(later(minute)).then({
      state: 'revoked',
      context: { wakeAt: null },
      effects: [{ type: 'token.invalid', reason: 'token_rejected', class: 'S', recoverable: true }],
    })
  })
  it('is served on if the report is about an older generation', () => {
    account(
      alone,
      authorized({ at: start + second, refreshable: false, expiresAt: never, grantId: 'grant-2' }),
    )
      .when(first)
      .thenNothing()
  })
  it('with an expiry is withheld and parked the same way, and still expires', () => {
    const ending = authorized({ refreshable: false, expiresAt: start + day })
    account(ending, first, later(minute))
      .when(timerDue({ at: start + 2 * day }))
      .thenNothing()
    account(ending, first)
      .when(timerDue({ at: start + day }))
      .then({ state: 'expiring' })
  })
  it('is refreshed instead if it can be replaced', () => {
    account(authorized())
      .when(first)
      .then({ state: 'refreshing', context: { rejection: null } })
  })
})

describe('a parked token', () => {
  const parked = account(alone, first, later(minute))
  it('is served again once the grant is reported as restored', () => {
    parked.when(happened('grant.restored', at + day)).then({
      state: 'valid',
      context: { invalid: null, rejection: null, wakeAt: null },
      effects: [{ type: 'token.refreshed', previousState: 'revoked' }],
    })
  })
  it('is served again when the account is put unchanged', () => {
    parked
      .when({ ...alone, at: at + day })
      .then({ state: 'valid', context: { invalid: null, rejection: null, generation: 2 } })
  })
})

describe('an access token that is exchanged for a newer one', () => {
  const long = authorized({
    expiresAt: start + 60 * day,
    with: { refreshWith: 'access_token', policy: 'lazy' },
  })
  it('is exchanged at its soft deadline, even if it was not requested', () => {
    const { after } = account().when(long)
    const { refreshAt, wakeAt } = after.context as AccountContext
    expect(refreshAt).toBeGreaterThan(start + 44 * day)
    expect(wakeAt).toBe(refreshAt)
    const resting = account(long, timerDue({ at: refreshAt }))
    resting.when(timerDue({ at: refreshAt + second })).then({ state: 'refreshing' })
  })
})
