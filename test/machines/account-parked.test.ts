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
})
