import { describe, expect, it } from 'vitest'
import { type AccountContext, accountMachine, isUsable, servingDecision } from '../../machines/index.ts'
import {
  authorized,
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
import { account, dead, later, refreshing, waiting, wakeAt } from '../support/account-given.ts'

const resource = { key: 'calendar', scopes: ['calendar'] }
const soon = start + minute
const ask = (at: number, wish: Partial<Parameters<typeof tokenRequested>[0]> = {}) =>
  tokenRequested({ at, id: 'fetch', resource, ...wish })
const answer = refreshSucceeded({ at: soon + second, attempt: 'fetch', resource, startedAt: soon })
const refused = (how: Partial<Parameters<typeof refreshFailed>[0]>) =>
  refreshFailed({ at: soon + second, attempt: 'fetch', ...how })
const fetching = [authorized(), ask(soon)]
const fetched = [...fetching, answer]
const seen = ({ value, context }: { value: string; context: object }, at: number) => ({
  state: value as 'valid',
  context: context as AccountContext,
  at,
})
const want = { minValidity: null, resource }

describe('a second token of the same grant', () => {
  it('is requested on demand, while the account’s own token is served', () => {
    const { then, after } = account(authorized()).when(ask(soon))
    then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { resource, from: 'valid' } }] })
    expect(isUsable(seen(after, soon), { minValidity: null, resource: null })).toBe(true)
    expect(servingDecision(seen(after, soon), want)).toEqual({ kind: 'wait' })
  })
  it('is stored with the new refresh token, and leaves the account’s own token unchanged', () => {
    const { then, after } = account(...fetching).when(answer)
    const before = account(authorized()).before.context as AccountContext
    const { issuedAt, expiresAt, scopes, wakeAt: wakes } = before
    then({
      state: 'valid',
      effects: [
        { type: 'tokens.store', generation: 2, newGrant: false, resource: 'calendar' },
        { type: 'token.refreshed', generation: 2, registeredScopes: ['calendar'], expiresAt: soon + hour },
      ],
      context: {
        generation: 2,
        tokenGeneration: 1,
        issuedAt,
        expiresAt,
        scopes,
        wakeAt: wakes,
        hasPrevious: true,
      },
    })
    expect(servingDecision(seen(after, soon), want)).toEqual({ kind: 'token' })
  })
  it('is not requested again before its soft deadline; then the next request refreshes it', () => {
    account(...fetched)
      .when(ask(soon + 30 * minute))
      .thenNothing()
    account(...fetched)
      .when(ask(soon + 0.93 * hour))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { resource } }] })
  })
  it('is refreshed earlier if forced or rejected, by its own generation', () => {
    const forced = (ifGeneration: number) =>
      account(...fetched).when(ask(soon + minute, { force: true, ifGeneration }))
    forced(1).thenNothing()
    forced(2).then({ state: 'refreshing', context: { bucket: { level: 4 } } })
    const rejected = (generation: number) =>
      account(...fetched).when(tokenRejected({ at: soon + minute, generation, resource }))
    rejected(1).thenNothing()
    const { then, after } = rejected(2)
    then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { resource } }] })
    expect(isUsable(seen(after, soon + minute), want)).toBe(false)
    expect(isUsable(seen(after, soon + minute), { minValidity: null, resource: null })).toBe(true)
  })
  it('does not change the generation of the account’s own token', () => {
    account(...fetched)
      .when(tokenRejected({ at: soon + minute, generation: 1 }))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { resource: null } }] })
    account(...fetched)
      .when(tokenRequested({ at: soon + minute, force: true, ifGeneration: 1 }))
      .then({ state: 'refreshing' })
  })
  it('is kept when the account’s own token is refreshed, and dropped with a new grant', () => {
    const forced = tokenRequested({ at: later, id: 'own', force: true })
    const own = refreshSucceeded({ at: later, attempt: 'own', baseGeneration: 2 })
    const renewed = account(...fetched, forced).when(own)
    renewed.then({ context: { tokenGeneration: 3 } })
    expect((renewed.after.context as AccountContext).resources).toMatchObject([
      { key: 'calendar', generation: 2 },
    ])
    given(accountMachine, renewed.after)
      .when(authorized({ at: later, grantId: 'grant-2' }))
      .then({ context: { resources: [] } })
  })
  it('is not requested for an account without a usable grant', () => {
    for (const past of [dead, waiting, [authorized({ refreshable: false })]])
      account(...past)
        .when(ask(later + minute))
        .thenNothing()
  })
  it('is one of at most eight, the least recent dropped', () => {
    let snapshot = account(authorized()).before
    for (let i = 0; i < 10; i++) {
      const other = { key: `scope-${i}`, scopes: [`scope-${i}`] }
      const at = soon + i * second
      const asked = given(accountMachine, snapshot).when(ask(at, { resource: other }))
      const came = refreshSucceeded({ at, attempt: 'fetch', baseGeneration: i + 1, resource: other })
      snapshot = given(accountMachine, asked.after).when(came).after
    }
    const { resources } = snapshot.context as AccountContext
    expect(resources.map(({ key }) => key)).toEqual(Array.from({ length: 8 }, (_, i) => `scope-${i + 2}`))
  })
})

describe('a token response for a resource', () => {
  it('is stored even if late, because it is identified by the refresh token it used', () => {
    const lost = [...fetching, timerDue({ at: soon + minute })]
    account(...lost)
      .when({ ...answer, at: soon + 2 * minute })
      .then({ state: 'expiring', context: { doubtSince: null, generation: 2, tokenGeneration: 1 } })
  })
  it('ends the account’s own attempt with the same refresh token, which is repeated at once', () => {
    account(...refreshing())
      .when(refreshSucceeded({ at: later + second, attempt: 'of another node', resource }))
      .then({ state: 'expiring', context: { attempt: null, wakeAt: later + second } })
  })
})

describe('a resource that is refused', () => {
  it('fails the request only, and is cached for a while', () => {
    const { then, after } = account(...fetching).when(refused({ class: 'C', reason: 'scope_rejected' }))
    then({ state: 'valid', effects: [], context: { attempt: null, lastError: null } })
    expect(wakeAt(after)).toBe(wakeAt(account(authorized()).before))
    expect(servingDecision(seen(after, soon + second), want)).toMatchObject({
      kind: 'refused',
      refused: { reason: 'scope_rejected' },
    })
    given(accountMachine, after)
      .when(ask(soon + minute))
      .thenNothing()
    given(accountMachine, after)
      .when(ask(soon + 6 * minute))
      .then({ state: 'refreshing' })
  })
  it.each(['A', 'R', 'S'] as const)(
    'with class %s makes the account’s own token be refreshed first',
    (failureClass) => {
      const { then, after } = account(...fetching).when(refused({ class: failureClass, reason: 'because' }))
      then({ state: 'expiring', effects: [], context: { invalid: null, wakeAt: soon + second } })
      expect(servingDecision(seen(after, soon + second), want)).toEqual({ kind: 'wait' })
      const checking = given(accountMachine, after).when(timerDue({ at: soon + second, id: 'check' }))
      checking.then({ state: 'refreshing', effects: [{ type: 'refresh.send', attempt: { resource: null } }] })
      const alive = given(accountMachine, checking.after).when(
        refreshSucceeded({ at: soon + 2 * second, attempt: 'check' }),
      )
      expect(servingDecision(seen(alive.after, soon + 2 * second), want)).toMatchObject({ kind: 'refused' })
      given(accountMachine, checking.after)
        .when(refreshFailed({ at: soon + 2 * second, attempt: 'check', class: 'A', reason: 'inactive' }))
        .then({ state: 'revoked', effects: [{ type: 'token.invalid', reason: 'inactive' }] })
    },
  )
  it('temporarily does not affect the account’s own token', () => {
    const { then, after } = account(...fetching).when(refused({ class: 'T' }))
    then({ state: 'valid', context: { attempt: null } })
    expect(servingDecision(seen(after, soon + second), want)).toMatchObject({ kind: 'provider_unavailable' })
    expect(servingDecision(seen(after, soon + second), { minValidity: null, resource: null })).toEqual({
      kind: 'token',
    })
  })
  it('with unknown outcome is settled by the next attempt of the account’s own token', () =>
    account(...fetching)
      .when(refused({ class: 'T', inDoubt: true }))
      .then({ state: 'expiring', context: { doubtSince: soon } }))
  it('because of the app’s credentials makes the account wait for the app', () =>
    account(...fetching)
      .when(refused({ class: 'P', reason: 'client_rejected' }))
      .then({ state: 'secret-expired' }))
})
