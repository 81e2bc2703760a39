import { describe, expect, it } from 'vitest'
import { type AccountEvent, accountMachine, type Rotation, settleTime } from '../../machines/index.ts'
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
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, attempt, later, refreshing, waiting, wakeAt } from '../support/account-given.ts'

describe('a token response with more scopes than are stored', () => {
  it('is stored as the new token, and the account is marked as having its scopes cut', () => {
    const cut = refreshSucceeded({ at: later + second, attempt, scopes: ['mail'], scopesCut: true })
    const told = account(...refreshing()).when(cut)
    told.then({ state: 'valid', context: { lastError: { class: 'T', reason: 'scopes_cut' } } })
    const next = later + 4_000 * second
    const renewed = account(...refreshing(), cut, timerDue({ at: next, id: 'second' }))
    renewed
      .when(refreshSucceeded({ at: next + second, attempt: 'second', baseGeneration: 2 }))
      .then({ state: 'valid', context: { lastError: null } })
  })
})

describe('an attempt without a response', () => {
  const lost = (with_: { rotation: Rotation; graceMs?: number }, at = later + 16 * second) =>
    account(...refreshing({ with: with_ })).when(timerDue({ at, id: 'second' }))
  it('is not given up before giveUpAt', () => lost({ rotation: 'none' }, later + 14 * second).thenNothing())
  it.each(['none', 'keeps-old'] as const)('with rotation %s is sent again at once', (rotation) => {
    lost({ rotation }).then({
      state: 'refreshing',
      effects: [{ type: 'refresh.send', attempt: { id: 'second', spend: 'current' } }],
    })
  })
  it('with rotation grace is given up early enough to be sent again within the replay window', () => {
    const window = { rotation: 'grace', graceMs: 10 * second } as const
    const [, started] = refreshing({ with: window })
    const { after } = account(authorized({ with: window })).when(started as AccountEvent)
    expect(wakeAt(after)).toBe(later + 5 * second)
    lost(window, later + 6.9 * second).then({ state: 'refreshing' })
    lost(window, later + 7 * second).then({ state: 'expiring' })
    lost({ rotation: 'grace', graceMs: 60 * second }).then({ state: 'refreshing' })
  })
  it.each(['strict', 'until-used'] as const)(
    'with rotation %s waits before a retry, longer while the token is still served',
    (rotation) => {
      const serving = lost({ rotation })
      serving.then({ state: 'expiring', effects: [], context: { doubtSince: later } })
      expect(wakeAt(serving.after)).toBeGreaterThanOrEqual(later + 60 * second)
      const past = [
        authorized({ expiresAt: null, with: { rotation } }),
        timerDue({ at: start + second, id: attempt }),
      ]
      const { after } = account(...past).when(timerDue({ at: start + 17 * second }))
      expect(wakeAt(after)).toBe(start + 17 * second + settleTime)
    },
  )
  it.each(['none', 'keeps-old', 'grace', 'until-used', 'strict'] as const)(
    'with rotation %s never revokes the grant, however often it happens',
    (rotation) => {
      let snapshot = lost({ rotation }).after
      for (let i = 0; i < 50; i++) {
        snapshot = given(accountMachine, snapshot).when(timerDue({ at: wakeAt(snapshot) as number })).after
        expect(snapshot.value).not.toBe('revoked')
      }
    },
  )
})

describe('a successful token response', () => {
  it('is stored, announced with the previous state, and clears earlier errors', () => {
    account(...refreshing())
      .when(refreshSucceeded({ at: later }))
      .then({
        state: 'valid',
        effects: [
          { type: 'tokens.store', generation: 2 },
          { type: 'token.refreshed', previousState: 'valid', generation: 2 },
        ],
        context: { generation: 2, attempt: null, failures: 0, hasPrevious: true },
      })
  })
  it.each([
    ['valid', [authorized()]],
    ['expiring', [...refreshing(), refreshFailed({ at: later })]],
    [
      'refreshing',
      [...refreshing({ with: { rotation: 'none' } }), timerDue({ at: later + 16 * second, id: 'second' })],
    ],
    ['secret-expired', waiting],
  ] as [string, AccountEvent[]][])(
    'that arrives late, in %s, is accepted if it used the current refresh token',
    (_, past) => {
      account(...past)
        .when(refreshSucceeded({ at: later + minute, attempt: 'of another time' }))
        .then({ state: 'valid', context: { generation: 2, attempt: null } })
    },
  )
  it('that arrives after the grant was revoked is stored, and must refresh successfully before it is served', () => {
    const interrupted = [...refreshing(), refreshFailed({ at: later, class: 'R', inDoubt: true })]
    const { then, after } = account(...interrupted).when(refreshSucceeded({ at: later + minute }))
    then({
      state: 'expiring',
      effects: [{ type: 'tokens.store' }],
      context: { wakeAt: later + minute, invalid: { reason: 'refresh_interrupted' } },
    })
    const proving = given(accountMachine, after).when(timerDue({ at: later + minute, id: 'proof' }))
    proving.then({ state: 'refreshing' })
    given(accountMachine, proving.after)
      .when(refreshSucceeded({ at: later + minute, baseGeneration: 2, attempt: 'proof' }))
      .then({
        state: 'valid',
        effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }],
        context: { invalid: null },
      })
  })
  it('for an older grant is dropped', () => {
    account(...refreshing(), authorized({ at: later, grantId: 'grant-2' }))
      .when(refreshSucceeded({ at: later }))
      .thenNothing()
  })
  it('delivered twice changes nothing the second time', () => {
    account(...refreshing(), refreshSucceeded({ at: later }))
      .when(refreshSucceeded({ at: later }))
      .thenNothing()
  })
  it('for a refresh token that was already used is kept as a sibling, and tried on invalid_grant', () => {
    const past = [
      ...refreshing(),
      refreshSucceeded({ at: later }),
      refreshSucceeded({ at: later, attempt: 'other' }),
    ]
    const refused = refreshFailed({
      at: later + minute,
      attempt: 'third',
      baseGeneration: 2,
      class: 'R',
      id: 'fourth',
    })
    account(...past, tokenRequested({ at: later + minute, id: 'third', force: true }))
      .when(refused)
      .then({
        state: 'refreshing',
        effects: [{ type: 'refresh.send', attempt: { id: 'fourth', spend: 'sibling' } }],
        context: { hasSibling: false },
      })
  })
  it('without expires_in gets the default lifetime of an hour', () => {
    account(...refreshing())
      .when(refreshSucceeded({ at: later, expiresIn: null }))
      .then({ context: { expiresAt: later + hour } })
  })
})
