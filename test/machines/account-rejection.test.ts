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

describe('a token that does not run out', () => {
  it('rests in valid, and is never woken', () => {
    account()
      .when(alone)
      .then({ state: 'valid', context: { wakeAt: null, expiresAt: never } })
  })
  it('meets any wish for a long life', () => {
    const { before } = account(alone)
    expect(servingDecision(seenAt(before, at), { ...want, minValidity: Number.MAX_VALUE })).toEqual({
      kind: 'token',
    })
  })
})

describe('a token that cannot be replaced and that an API refused', () => {
  const reported = account(alone, first)
  it('is held back from everybody for 30 s, which says how long, and is served again afterwards', () => {
    expect(servingDecision(seenAt(reported.before, at + second), want)).toEqual({
      kind: 'held_back',
      retryAfter: 29 * second,
    })
    expect(isServed(seenAt(reported.before, at + 30 * second))).toBe(true)
  })
  it('is held back no longer by reports of the same moment', () => {
    reported.when(later(20 * second)).thenNothing()
  })
  it('is held back again by a report after it was served again, and not yet given up', () => {
    reported
      .when(later(40 * second))
      .then({ state: 'valid', context: { rejection: { since: at, until: at + 70 * second } } })
  })
  it('is parked by a report a minute after the first, with its token kept', () => {
    reported.when(later(59 * second)).then({ state: 'valid' })
    reported.when(later(minute)).then({
      state: 'revoked',
      context: { wakeAt: null },
      effects: [{ type: 'token.invalid', reason: 'token_rejected', class: 'S', recoverable: true }],
    })
  })
  it('of an older generation means nothing', () => {
    account(
      alone,
      authorized({ at: start + second, refreshable: false, expiresAt: never, grantId: 'grant-2' }),
    )
      .when(first)
      .thenNothing()
  })
  it('with an end, is held back and parked alike, and ends as it would have', () => {
    const ending = authorized({ refreshable: false, expiresAt: start + day })
    account(ending, first, later(minute))
      .when(timerDue({ at: start + 2 * day }))
      .thenNothing()
    account(ending, first)
      .when(timerDue({ at: start + day }))
      .then({ state: 'expiring' })
  })
  it('is replaced where it can be, as ever', () => {
    account(authorized())
      .when(first)
      .then({ state: 'refreshing', context: { rejection: null } })
  })
})

describe('a parked token', () => {
  const parked = account(alone, first, later(minute))
  it('is served again once somebody says that it works', () => {
    parked.when(happened('grant.restored', at + day)).then({
      state: 'valid',
      context: { invalid: null, rejection: null, wakeAt: null },
      effects: [{ type: 'token.refreshed', previousState: 'revoked' }],
    })
  })
  it('is served again when the account is put as it is', () => {
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
  it('is not exchanged before its soft deadline, and is then though nobody asked for it', () => {
    const { after } = account().when(long)
    const { refreshAt, wakeAt } = after.context as AccountContext
    expect(refreshAt).toBeGreaterThan(start + 44 * day)
    expect(wakeAt).toBe(refreshAt)
    const resting = account(long, timerDue({ at: refreshAt }))
    resting.when(timerDue({ at: refreshAt + second })).then({ state: 'refreshing' })
  })
})
