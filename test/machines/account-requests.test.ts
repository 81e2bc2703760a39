import { describe, expect, it } from 'vitest'
import { type AccountEvent, accountMachine } from '../../machines/index.ts'
import {
  authorized,
  day,
  given,
  hour,
  minute,
  refreshFailed,
  refreshSucceeded,
  second,
  start,
  timerDue,
  tokenRejected,
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, attempt, later, refreshing, wakeAt } from '../support/account-given.ts'

describe('refreshing ahead', () => {
  const due = (policy: 'eager' | 'lazy' | 'adaptive', used: boolean) =>
    account(authorized({ with: { policy } })).when(timerDue({ at: start + 0.93 * hour, used }))
  it('eager: at the soft deadline', () =>
    due('eager', false).then({ state: 'refreshing', effects: [{ type: 'refresh.send' }] }))
  it('adaptive: at the soft deadline if the token was requested', () =>
    due('adaptive', true).then({ state: 'refreshing' }))
  it('adaptive: otherwise only on request or for keep-alive', () => {
    const { then, after } = due('adaptive', false)
    then({ state: 'expiring', effects: [] })
    expect(wakeAt(after)).toBeLessThanOrEqual(start + day)
  })
  it('lazy: not at the soft deadline, even if the token was requested', () =>
    due('lazy', true).then({ state: 'expiring' }))
  it('an expiring account is refreshed on request', () => {
    account(authorized({ with: { policy: 'lazy' } }), timerDue({ at: start + 0.93 * hour }))
      .when(tokenRequested({ at: start + 0.94 * hour }))
      .then({ state: 'refreshing' })
  })
  it('keeps an unused grant alive well within the idle limit', () => {
    const { after } = account(authorized({ with: { policy: 'lazy', idleLimitMs: 10 * hour } })).when(
      timerDue({ at: start + 0.93 * hour }),
    )
    expect(wakeAt(after)).toBeLessThanOrEqual(start + 5 * hour)
    given(accountMachine, after)
      .when(timerDue({ at: start + 5 * hour }))
      .then({ state: 'refreshing' })
  })
  it('a timer that fires early is not handled, so that the host reschedules it', () => {
    account(authorized())
      .when(timerDue({ at: start + minute }))
      .thenNothing()
  })
  it('a token without a refresh token is served until it expires, then the account is revoked', () => {
    const alone = authorized({ refreshable: false })
    const resting = account(alone).when(timerDue({ at: start + 0.93 * hour }))
    resting.then({ state: 'expiring', context: { wakeAt: start + hour } })
    given(accountMachine, resting.after)
      .when(timerDue({ at: start + hour }))
      .then({
        state: 'revoked',
        effects: [{ type: 'token.invalid', reason: 'no_refresh_token' }],
        context: { wakeAt: null },
      })
  })
})

describe('requests', () => {
  it('for a minValidity above the remaining lifetime refresh only after a quarter of the lifetime', () => {
    const asked = (at: number) => account(authorized()).when(tokenRequested({ at, minValidity: 2 * hour }))
    asked(start + 14 * minute).thenNothing()
    asked(start + 15 * minute).then({ state: 'refreshing' })
  })
  it('that force a refresh are limited to five in a row, then one per 30 s', () => {
    let snapshot = account().when(authorized()).after
    let at = later
    const force = () => given(accountMachine, snapshot).when(tokenRequested({ at, id: attempt, force: true }))
    for (let generation = 1; generation <= 5; generation++) {
      force().then({ state: 'refreshing' })
      const answer = refreshSucceeded({ at, baseGeneration: generation })
      snapshot = given(accountMachine, force().after).when(answer).after
    }
    force().thenNothing()
    at += 30 * second
    force().then({ state: 'refreshing' })
  })
  it('with forceRefresh and ifGeneration refresh only that generation', () => {
    const forced = (ifGeneration: number) =>
      account(authorized()).when(tokenRequested({ at: later, force: true, ifGeneration }))
    forced(0).thenNothing()
    forced(1).then({ state: 'refreshing' })
  })
  it('join the attempt in flight', () => {
    account(...refreshing())
      .when(tokenRequested({ at: later, force: true }))
      .thenNothing()
  })
  it('during backoff start no attempt', () => {
    const failed = [...refreshing(), refreshFailed({ at: later })]
    account(...failed)
      .when(tokenRequested({ at: later + second, force: true }))
      .thenNothing()
    account(...failed)
      .when(tokenRequested({ at: later + 4 * second }))
      .then({ state: 'refreshing' })
  })
})

describe('reported rejections', () => {
  const reject = (past: AccountEvent[], generation: number) =>
    account(...past).when(tokenRejected({ at: later, generation }))
  it('of the current generation cause a refresh, and the token is not served until it ends', () => {
    reject([authorized()], 1).then({ state: 'refreshing', context: { rejected: 1 } })
  })
  it('of an older generation change nothing', () => reject([authorized()], 0).thenNothing())
  it('join an attempt in flight, once', () => {
    const { after, then } = reject(refreshing(), 1)
    then({ state: 'refreshing', effects: [], context: { rejected: 1 } })
    given(accountMachine, after)
      .when(tokenRejected({ at: later, generation: 1 }))
      .thenNothing()
  })
  it('are dropped if the refresh fails temporarily, so that one wrong 401 does not stop serving', () => {
    const { after } = reject(refreshing(), 1)
    given(accountMachine, after)
      .when(refreshFailed({ at: later }))
      .then({ state: 'expiring', context: { rejected: null } })
  })
})

describe('a claims challenge', () => {
  const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
  const challenged = tokenRejected({ at: later, id: attempt, generation: 1, claims })
  const challengedOf = (with_: Parameters<typeof authorized>[0]) => [authorized(with_), challenged]
  const sent = (spend: string) => ({ type: 'refresh.send', attempt: { claims, spend } })
  it('is sent with the refresh it causes, and with no later one', () => {
    const { then, after } = account(authorized()).when(challenged)
    then({ state: 'refreshing', effects: [sent('current')] })
    const answered = given(accountMachine, after).when(refreshSucceeded({ at: later, attempt }))
    answered.then({ state: 'valid', context: { attempt: null } })
    given(accountMachine, answered.after)
      .when(tokenRequested({ at: later + second, force: true }))
      .then({ effects: [{ type: 'refresh.send', attempt: { claims: null } }] })
  })
  it('is sent again when the attempt is repeated, also with another refresh token', () => {
    account(...challengedOf({ with: { rotation: 'none' } }))
      .when(timerDue({ at: later + minute }))
      .then({ state: 'refreshing', effects: [sent('current')] })
    const rotated = refreshSucceeded({ at: start + 40 * minute, attempt: 'first' })
    const first = tokenRequested({ at: start + 40 * minute, id: 'first', force: true })
    account(authorized({ with: { rotation: 'keeps-old' } }), first, rotated, { ...challenged, generation: 2 })
      .when(refreshFailed({ at: later, class: 'R', baseGeneration: 2 }))
      .then({ state: 'refreshing', effects: [sent('previous')] })
  })
  it('that only the user can satisfy parks the account, and is passed to the consent page', () => {
    const providerError = { status: 400, error: 'interaction_required', codes: [50076], claims }
    account(authorized(), challenged)
      .when(refreshFailed({ at: later, class: 'S', reason: 'mfa_required', providerError }))
      .then({
        state: 'revoked',
        effects: [{ type: 'token.invalid', class: 'S', reason: 'mfa_required', providerError }],
      })
  })
})
