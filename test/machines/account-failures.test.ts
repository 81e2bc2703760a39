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

describe('a failure', () => {
  const fail = (given: Partial<Parameters<typeof refreshFailed>[0]>, with_ = {}) =>
    account(...refreshing({ with: with_ })).when(refreshFailed({ at: later, id: 'next', ...given }))
  it('counts only for its own attempt and base', () => {
    fail({ attempt: 'other' }).thenNothing()
    fail({ baseGeneration: 7 }).thenNothing()
  })
  it('T: waits, doubling, and never before retryAfter', () => {
    const told = fail({ retryAfter: 90 * second })
    told.then({ state: 'expiring', effects: [] })
    expect(wakeAt(told.after)).toBeGreaterThanOrEqual(later + 90 * second)
    const { after } = fail({})
    expect(wakeAt(after)).toBeGreaterThan(later + second)
    expect(wakeAt(after)).toBeLessThanOrEqual(later + 3 * second)
  })
  it('T in doubt: a strict provider is left alone while the token still serves', () => {
    expect(wakeAt(fail({ inDoubt: true }).after)).toBeGreaterThanOrEqual(later + settleTime)
    expect(wakeAt(fail({ inDoubt: true }, { rotation: 'none' }).after)).toBeLessThanOrEqual(
      later + 3 * second,
    )
  })
  it('C: burns no account', () => {
    const { then, after } = fail({ class: 'C', reason: 'scope_rejected' })
    then({ state: 'expiring', effects: [], context: { invalid: null, lastError: { class: 'C' } } })
    expect(wakeAt(after)).toBeGreaterThanOrEqual(later + 45 * second)
  })
  it('A: is the end, told once, and never wakes', () => {
    const { then } = fail({ class: 'A', reason: 'inactive', recoverable: false })
    then({
      state: 'revoked',
      effects: [
        { type: 'token.invalid', previousState: 'valid', reason: 'inactive', class: 'A', recoverable: false },
      ],
      context: { wakeAt: null },
    })
  })
  it('R with nothing else to try is an A', () =>
    fail({ class: 'R' }).then({ state: 'revoked', effects: [{ class: 'A' }] }))
  it('R while an answer may be missing is an interruption', () => {
    const doubtful = [
      ...refreshing(),
      timerDue({ at: later + 16 * second }),
      timerDue({ at: later + hour, id: 'again' }),
    ]
    account(...doubtful)
      .when(refreshFailed({ at: later + hour, attempt: 'again', class: 'R', reason: 'grant_revoked' }))
      .then({ state: 'revoked', effects: [{ reason: 'refresh_interrupted' }] })
  })
  it('S: is parked, told as recoverable, and looks again in about a day', () => {
    const { then, after } = fail({ class: 'S', reason: 'mfa_required' })
    then({ state: 'revoked', effects: [{ type: 'token.invalid', class: 'S', recoverable: true }] })
    expect(wakeAt(after)).toBeGreaterThanOrEqual(later + 20 * hour)
  })
  it('P: waits for the secret; the token is served, and nothing told, until it has run out', () => {
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
  it('is sent where the provider keeps it', () => {
    rotated('keeps-old', true).then({ state: 'refreshing', effects: [{ attempt: { spend: 'previous' } }] })
  })
  it('is sent for until-used only while its successor cannot have worked', () => {
    rotated('until-used', false).then({ state: 'refreshing', effects: [{ attempt: { spend: 'previous' } }] })
    rotated('until-used', true).then({ state: 'revoked' })
  })
  it.each(['strict', 'grace', 'none'] as const)('is never sent for %s', (rotation) =>
    rotated(rotation, false).then({ state: 'revoked' }),
  )
  it('is tried once', () => {
    const { after } = rotated('keeps-old', false)
    given(accountMachine, after)
      .when(refreshFailed({ at: later + hour, attempt: 'third', baseGeneration: 2, class: 'R' }))
      .then({ state: 'revoked' })
  })
})
