import { describe, it } from 'vitest'
import { type AccountEvent, accountMachine } from '../../machines/index.ts'
import {
  authorized,
  day,
  given,
  grantRevoked,
  happened,
  minute,
  refreshFailed,
  refreshSucceeded,
  start,
  timerDue,
} from '../../src/testing/index.ts'
import { account, dead, later, parked, refreshing, waiting } from '../support/account-given.ts'

describe('a probe', () => {
  const probing = [...parked, timerDue({ at: later + day, id: 'probe' })]
  it('of a parked account that succeeds is announced with the previous state', () => {
    account(...probing)
      .when(refreshSucceeded({ at: later + day, attempt: 'probe' }))
      .then({ state: 'valid', effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }] })
  })
  it('that fails for the same reason parks the account again without a second event', () => {
    const same = refreshFailed({ at: later + day, attempt: 'probe', class: 'S', reason: 'mfa_required' })
    account(...probing)
      .when(same)
      .then({ state: 'revoked', effects: [] })
    account(...probing)
      .when({ ...same, reason: 'user_disabled' })
      .then({ state: 'revoked', effects: [{ reason: 'user_disabled' }] })
  })
  it('that fails temporarily, or is lost, returns to the state before', () => {
    account(...probing)
      .when(refreshFailed({ at: later + day, attempt: 'probe' }))
      .then({ state: 'revoked', effects: [] })
    account(...probing)
      .when(timerDue({ at: later + day + minute }))
      .then({ state: 'revoked', effects: [] })
  })
  it('is never sent for a revoked account', () =>
    account(...dead)
      .when(timerDue({ at: later + 100 * day }))
      .thenNothing())
  it('of the app that fails returns the elected account to secret-expired', () => {
    const elected = [...waiting, { ...happened('app.probe', later + minute), id: 'probe' }]
    account(...elected)
      .when(refreshFailed({ at: later + minute, attempt: 'probe' }))
      .then({ state: 'secret-expired' })
    account(...elected)
      .when(timerDue({ at: later + 2 * minute }))
      .then({ state: 'secret-expired' })
    account(...elected)
      .when(refreshSucceeded({ at: later + minute, attempt: 'probe' }))
      .then({ state: 'valid', effects: [{}, { previousState: 'secret-expired' }] })
  })
})

describe('a new secret', () => {
  it('refreshes waiting accounts without a new consent', () => {
    account(...waiting)
      .when(happened('app.secret-updated', later + minute))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send' }] })
  })
  it('keeps the account out of secret-expired if its refresh fails temporarily', () => {
    account(...waiting, { ...happened('app.secret-updated', later + minute), id: 'now' })
      .when(refreshFailed({ at: later + minute, attempt: 'now' }))
      .then({ state: 'expiring' })
  })
})

describe('a report that the grant has ended', () => {
  it.each([
    ['valid', [authorized()]],
    ['refreshing', refreshing()],
    ['secret-expired', waiting],
  ] as [string, AccountEvent[]][])(
    'revokes an account in %s, is announced once, and ends the attempt',
    (_, past) => {
      const { then, after } = account(...past).when(grantRevoked({ at: later }))
      then({
        state: 'revoked',
        effects: [{ type: 'token.invalid', reason: 'grant_revoked' }],
        context: { attempt: null, wakeAt: null },
      })
      given(accountMachine, after)
        .when(grantRevoked({ at: later }))
        .thenNothing()
    },
  )
  it('about a revoked grant changes nothing; about a parked one is announced', () => {
    const report = grantRevoked({ at: later + minute, reason: 'sessions_revoked' })
    account(...dead)
      .when(report)
      .thenNothing()
    account(...parked)
      .when(report)
      .then({ state: 'revoked', effects: [{ type: 'token.invalid', class: 'A', reported: true }] })
  })
  it('that is older than the grant is ignored', () => {
    account(authorized())
      .when(grantRevoked({ at: later, endedAt: start - 1 }))
      .thenNothing()
  })
  it('wins over a token response that arrives later', () => {
    account(...refreshing(), grantRevoked({ at: later }))
      .when(refreshSucceeded({ at: later + minute, attempt: 'attempt' }))
      .thenNothing()
  })
  it('of class S keeps a token response that arrives later, which must refresh successfully before it is served', () => {
    account(...refreshing(), grantRevoked({ at: later, class: 'S', reason: 'user_disabled' }))
      .when(refreshSucceeded({ at: later + minute, attempt: 'attempt' }))
      .then({ state: 'expiring', effects: [{ type: 'tokens.store' }], context: { wakeAt: later + minute } })
  })
})

describe('a report that the reason for parking is gone', () => {
  it('probes the account at once', () => {
    account(...parked)
      .when(happened('grant.restored', later + minute))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { probe: true } }] })
  })
  it('does not affect a revoked account', () => {
    account(...dead)
      .when(happened('grant.restored', later + minute))
      .thenNothing()
  })
})
