import { describe, expect, it } from 'vitest'
import { accountMachine, type Rotation, settleTime } from '../../machines/index.ts'
import {
  given,
  hour,
  refreshFailed,
  refreshSucceeded,
  second,
  start,
  timerDue,
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, later, refreshing, wakeAt } from '../support/account-given.ts'

describe('a failed refresh', () => {
  const fail = (given: Partial<Parameters<typeof refreshFailed>[0]>, with_ = {}) =>
    account(...refreshing({ with: with_ })).when(refreshFailed({ at: later, id: 'next', ...given }))
  it('is ignored unless attempt and base generation match', () => {
    fail({ attempt: 'other' }).thenNothing()
    fail({ baseGeneration: 7 }).thenNothing()
  })
  it('of class T backs off exponentially, and never less than retryAfter', () => {
    const told = fail({ retryAfter: 90 * second })
    told.then({ state: 'expiring', effects: [] })
    expect(wakeAt(told.after)).toBeGreaterThanOrEqual(later + 90 * second)
    const { after } = fail({})
    expect(wakeAt(after)).toBeGreaterThan(later + second)
    expect(wakeAt(after)).toBeLessThanOrEqual(later + 3 * second)
  })
  it('of class T and unknown outcome delays the retry with rotation strict while the token is still served', () => {
    expect(wakeAt(fail({ inDoubt: true }).after)).toBeGreaterThanOrEqual(later + settleTime)
    expect(wakeAt(fail({ inDoubt: true }, { rotation: 'none' }).after)).toBeLessThanOrEqual(
      later + 3 * second,
    )
  })
  it('of class C keeps the grant', () => {
    const { then, after } = fail({ class: 'C', reason: 'scope_rejected' })
    then({ state: 'expiring', effects: [], context: { invalid: null, lastError: { class: 'C' } } })
    expect(wakeAt(after)).toBeGreaterThanOrEqual(later + 45 * second)
  })
  it('of class A revokes the grant, is announced once, and sets no wake-up', () => {
    const { then } = fail({ class: 'A', reason: 'inactive', recoverable: false })
    then({
      state: 'revoked',
      effects: [
        { type: 'token.invalid', previousState: 'valid', reason: 'inactive', class: 'A', recoverable: false },
      ],
      context: { wakeAt: null },
    })
  })
  it('of class R is as final as class A if there is no other refresh token to try', () =>
    fail({ class: 'R' }).then({ state: 'revoked', effects: [{ class: 'A' }] }))
  it('of class R after a lost response is refresh_interrupted', () => {
    const doubtful = [
      ...refreshing(),
      timerDue({ at: later + 16 * second }),
      timerDue({ at: later + hour, id: 'again' }),
    ]
    account(...doubtful)
      .when(refreshFailed({ at: later + hour, attempt: 'again', class: 'R', reason: 'grant_revoked' }))
      .then({ state: 'revoked', effects: [{ reason: 'refresh_interrupted' }] })
  })
  it('of class S parks the account, is announced as recoverable, and schedules a probe in about a day', () => {
    const { then, after } = fail({ class: 'S', reason: 'mfa_required' })
    then({ state: 'revoked', effects: [{ type: 'token.invalid', class: 'S', recoverable: true }] })
    expect(wakeAt(after)).toBeGreaterThanOrEqual(later + 20 * hour)
  })
  it('of class P waits for the app’s secret; the token is served until it expires, and only then announced invalid', () => {
    const { then, after } = fail({ class: 'P', reason: 'client_rejected' })
    then({ state: 'secret-expired', effects: [], context: { invalid: null, wakeAt: start + hour } })
    given(accountMachine, after)
      .when(timerDue({ at: start + hour }))
      .then({
        state: 'secret-expired',
        effects: [{ type: 'token.invalid', class: 'P', recoverable: true, state: 'secret-expired' }],
      })
  })
})

describe('the previous refresh token', () => {
  const rotated = (rotation: Rotation, doubt: boolean) => {
    const past = [...refreshing({ with: { rotation } }), refreshSucceeded({ at: later })]
    const again = tokenRequested({ at: later + hour, id: 'again', force: true })
    return account(...past, again).when(
      refreshFailed({
        at: later + hour,
        attempt: 'again',
        baseGeneration: 2,
        class: 'R',
        inDoubt: doubt,
        id: 'third',
      }),
    )
  }
  it('is retried if the provider keeps it valid', () => {
    rotated('keeps-old', true).then({ state: 'refreshing', effects: [{ attempt: { spend: 'previous' } }] })
  })
  it('is retried with rotation until-used only while its successor was never used', () => {
    rotated('until-used', false).then({ state: 'refreshing', effects: [{ attempt: { spend: 'previous' } }] })
    rotated('until-used', true).then({ state: 'revoked' })
  })
  it.each(['strict', 'grace', 'none'] as const)('is never sent for %s', (rotation) =>
    rotated(rotation, false).then({ state: 'revoked' }),
  )
  it('is retried once only', () => {
    const { after } = rotated('keeps-old', false)
    given(accountMachine, after)
      .when(refreshFailed({ at: later + hour, attempt: 'third', baseGeneration: 2, class: 'R' }))
      .then({ state: 'revoked' })
  })
})
