import { describe, expect, it } from 'vitest'
import { authorized, happened, hour, second, start } from '../../src/testing/index.ts'
import { account, dead, later, refreshing, wakeAt } from '../support/account-given.ts'

describe('authorizing an account', () => {
  it('with an access token is valid, announced, and wakes at its soft deadline', () => {
    const { then, after } = account().when(authorized())
    then({
      state: 'valid',
      effects: [
        { type: 'tokens.store', generation: 1, newGrant: true },
        { type: 'token.refreshed', previousState: null },
      ],
      context: { generation: 1, expiresAt: start + hour },
    })
    expect(wakeAt(after)).toBeGreaterThanOrEqual(start + 0.75 * hour)
    expect(wakeAt(after)).toBeLessThanOrEqual(start + 0.92 * hour)
  })
  it('without an access token is expiring, and wakes within a second to get the first one', () => {
    const { then, after } = account().when(authorized({ expiresAt: null }))
    then({ state: 'expiring', effects: [{ type: 'tokens.store' }], context: { expiresAt: 0 } })
    expect(wakeAt(after)).toBeLessThanOrEqual(start + second)
  })
  it('again ends an attempt in flight for the older grant', () => {
    account(...refreshing())
      .when(authorized({ at: later, grantId: 'grant-2' }))
      .then({ state: 'valid', context: { attempt: null, grantId: 'grant-2', generation: 2 } })
  })
  it('restores a revoked account, and announces its previous state', () => {
    account(...dead)
      .when(authorized({ at: later, grantId: 'grant-2' }))
      .then({
        state: 'valid',
        effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }],
        context: { invalid: null },
      })
  })
  it('is undone by removal, which keeps only the generation number', () => {
    account(authorized())
      .when(happened('account.removed', later))
      .then({
        effects: [{ type: 'account.removed' }, { type: 'tokens.forget' }],
        context: { grantId: null, generation: 1, wakeAt: null, user: '' },
      })
  })
})
