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
  it('of a parked account that succeeds tells where it comes from', () => {
    account(...probing)
      .when(refreshSucceeded({ at: later + day, attempt: 'probe' }))
      .then({ state: 'valid', effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }] })
  })
  it('that fails for the same reason goes back and tells nobody twice', () => {
    const same = refreshFailed({ at: later + day, attempt: 'probe', class: 'S', reason: 'mfa_required' })
    account(...probing)
      .when(same)
      .then({ state: 'revoked', effects: [] })
    account(...probing)
      .when({ ...same, reason: 'user_disabled' })
      .then({ state: 'revoked', effects: [{ reason: 'user_disabled' }] })
  })
  it('that fails for the moment, or is lost, goes back where it came from', () => {
    account(...probing)
      .when(refreshFailed({ at: later + day, attempt: 'probe' }))
      .then({ state: 'revoked', effects: [] })
    account(...probing)
      .when(timerDue({ at: later + day + minute }))
      .then({ state: 'revoked', effects: [] })
  })
  it('of a dead account never happens', () =>
    account(...dead)
      .when(timerDue({ at: later + 100 * day }))
      .thenNothing())
  it('of the app: the elected account goes back to waiting', () => {
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
  it('refreshes the accounts that waited for it, and nobody signs in again', () => {
    account(...waiting)
      .when(happened('app.secret-updated', later + minute))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send' }] })
  })
  it('whose refresh fails for the moment does not send the account back to waiting', () => {
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
  ] as [string, AccountEvent[]][])('is believed in %s, told once, and ends the attempt', (_, past) => {
    const { then, after } = account(...past).when(grantRevoked({ at: later }))
    then({
      state: 'revoked',
      effects: [{ type: 'token.invalid', reason: 'grant_revoked' }],
      context: { attempt: null, wakeAt: null },
    })
    given(accountMachine, after)
      .when(grantRevoked({ at: later }))
      .thenNothing()
  })
  it('about a grant that is dead already is no news, for whatever reason; about a parked one it is', () => {
    const report = grantRevoked({ at: later + minute, reason: 'sessions_revoked' })
    account(...dead)
      .when(report)
      .thenNothing()
    account(...parked)
      .when(report)
      .then({ state: 'revoked', effects: [{ type: 'token.invalid', class: 'A', reported: true }] })
  })
  it('that is older than the grant is about another one', () => {
    account(authorized())
      .when(grantRevoked({ at: later, endedAt: start - 1 }))
      .thenNothing()
  })
  it('outlives the answer that was on its way: what somebody ended does not come back', () => {
    account(...refreshing(), grantRevoked({ at: later }))
      .when(refreshSucceeded({ at: later + minute, attempt: 'attempt' }))
      .thenNothing()
  })
  it('as parked keeps the answer that was on its way, which then has to prove itself', () => {
    account(...refreshing(), grantRevoked({ at: later, class: 'S', reason: 'user_disabled' }))
      .when(refreshSucceeded({ at: later + minute, attempt: 'attempt' }))
      .then({ state: 'expiring', effects: [{ type: 'tokens.store' }], context: { wakeAt: later + minute } })
  })
})

describe('a report that what parked the grant is over', () => {
  it('has it probed at once', () => {
    account(...parked)
      .when(happened('grant.restored', later + minute))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { probe: true } }] })
  })
  it('does not bring back the dead', () => {
    account(...dead)
      .when(happened('grant.restored', later + minute))
      .thenNothing()
  })
})
