import { describe, expect, it } from 'vitest'
import { type AccountEvent, accountMachine, type Rotation, settleTime } from '../../machines/index.ts'
import {
  authorized,
  day,
  given,
  grantRevoked,
  happened,
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

const account = (...past: AccountEvent[]) => given(accountMachine, past)
const wakeAt = (snapshot: { context: object }) => (snapshot.context as { wakeAt: number | null }).wakeAt
const attempt = 'attempt'
const later = start + 50 * minute

/** An attempt in flight since `later`, for an account of this kind. */
const refreshing = (given: Parameters<typeof authorized>[0] = {}) => [
  authorized(given),
  tokenRequested({ at: later, id: attempt, force: true }),
]
const dead = [...refreshing(), refreshFailed({ at: later, class: 'A', reason: 'inactive' })]
const parked = [...refreshing(), refreshFailed({ at: later, class: 'S', reason: 'mfa_required' })]
const waiting = [...refreshing(), refreshFailed({ at: later, class: 'P', reason: 'client_rejected' })]

describe('authorizing', () => {
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
  it('without one rests in expiring, and fetches the first within a second', () => {
    const { then, after } = account().when(authorized({ expiresAt: null }))
    then({ state: 'expiring', effects: [{ type: 'tokens.store' }], context: { expiresAt: 0 } })
    expect(wakeAt(after)).toBeLessThanOrEqual(start + second)
  })
  it('again ends an attempt in flight: the old grant counts no more', () => {
    account(...refreshing())
      .when(authorized({ at: later, grantId: 'grant-2' }))
      .then({ state: 'valid', context: { attempt: null, grantId: 'grant-2', generation: 2 } })
  })
  it('brings a dead account back, and says what it was', () => {
    account(...dead)
      .when(authorized({ at: later, grantId: 'grant-2' }))
      .then({
        state: 'valid',
        effects: [{}, { type: 'token.refreshed', previousState: 'revoked' }],
        context: { invalid: null },
      })
  })
  it('once removed leaves nothing but the number of its generation', () => {
    account(authorized())
      .when(happened('account.removed', later))
      .then({
        effects: [{ type: 'account.removed' }, { type: 'tokens.forget' }],
        context: { grantId: null, generation: 1, wakeAt: null, user: '' },
      })
  })
})

describe('refreshing ahead', () => {
  const due = (policy: 'eager' | 'lazy' | 'adaptive', used: boolean) =>
    account(authorized({ with: { policy } })).when(timerDue({ at: start + 0.93 * hour, used }))
  it('eager: at the soft deadline', () =>
    due('eager', false).then({ state: 'refreshing', effects: [{ type: 'refresh.send' }] }))
  it('adaptive: if the token was asked for', () => due('adaptive', true).then({ state: 'refreshing' }))
  it('adaptive: else it rests until asked or kept alive', () => {
    const { then, after } = due('adaptive', false)
    then({ state: 'expiring', effects: [] })
    expect(wakeAt(after)).toBeLessThanOrEqual(start + day)
  })
  it('lazy: rests even if it was asked for', () => due('lazy', true).then({ state: 'expiring' }))
  it('a resting account is refreshed when asked', () => {
    account(authorized({ with: { policy: 'lazy' } }), timerDue({ at: start + 0.93 * hour }))
      .when(tokenRequested({ at: start + 0.94 * hour }))
      .then({ state: 'refreshing' })
  })
  it('keeps a resting grant alive well inside the idle limit', () => {
    const { after } = account(authorized({ with: { policy: 'lazy', idleLimitMs: 10 * hour } })).when(
      timerDue({ at: start + 0.93 * hour }),
    )
    expect(wakeAt(after)).toBeLessThanOrEqual(start + 5 * hour)
    given(accountMachine, after)
      .when(timerDue({ at: start + 5 * hour }))
      .then({ state: 'refreshing' })
  })
  it('a timer before its time is not taken, so the host puts it back', () => {
    account(authorized())
      .when(timerDue({ at: start + minute }))
      .thenNothing()
  })
  it('a token that came alone is served to its end, then the account is revoked', () => {
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
  it('for a longer life than is left refresh only after a quarter of the life', () => {
    const asked = (at: number) => account(authorized()).when(tokenRequested({ at, minValidity: 2 * hour }))
    asked(start + 14 * minute).thenNothing()
    asked(start + 15 * minute).then({ state: 'refreshing' })
  })
  it('that force refresh at once, but five in a row, then one each 30 s', () => {
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
  it('that force with ifGeneration refresh only that generation', () => {
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
  it('in back-off start nothing', () => {
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
  it('of the current generation refresh it, and it is not served meanwhile', () => {
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
  it('are forgotten when the refresh fails for the moment: one false 401 blinds nobody', () => {
    const { after } = reject(refreshing(), 1)
    given(accountMachine, after)
      .when(refreshFailed({ at: later }))
      .then({ state: 'expiring', context: { rejected: null } })
  })
})

describe('an attempt without an answer', () => {
  const lost = (with_: { rotation: Rotation; graceMs?: number }, at = later + 16 * second) =>
    account(...refreshing({ with: with_ })).when(timerDue({ at, id: 'second' }))
  it('is not lost before giveUpAt', () => lost({ rotation: 'none' }, later + 14 * second).thenNothing())
  it.each(['none', 'keeps-old'] as const)('with rotation %s is sent again at once', (rotation) => {
    lost({ rotation }).then({
      state: 'refreshing',
      effects: [{ type: 'refresh.send', attempt: { id: 'second', spend: 'current' } }],
    })
  })
  it('with rotation grace is sent again inside the replay window, and gives up in time for that', () => {
    const window = { rotation: 'grace', graceMs: 10 * second } as const
    const [, started] = refreshing({ with: window })
    const { after } = account(authorized({ with: window })).when(started as AccountEvent)
    expect(wakeAt(after)).toBeLessThanOrEqual(later + 7 * second)
    lost(window, later + 7 * second).then({ state: 'expiring' })
    lost({ rotation: 'grace', graceMs: 60 * second }).then({ state: 'refreshing' })
  })
  it.each(['strict', 'until-used'] as const)(
    'with rotation %s settles first, longer while the token still serves',
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
  it('never revokes, however often', () => {
    let snapshot = account(...refreshing({ with: { rotation: 'strict' } })).when(
      timerDue({ at: later + 16 * second }),
    ).after
    for (let i = 0; i < 50; i++) {
      snapshot = given(accountMachine, snapshot).when(timerDue({ at: wakeAt(snapshot) as number })).after
      expect(['expiring', 'refreshing']).toContain(snapshot.value)
    }
  })
})

describe('an answer', () => {
  it('is stored, announced with where it came from, and clears what was wrong', () => {
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
    ['secret-expired', waiting],
  ] as [string, AccountEvent[]][])(
    'that comes late, in %s, is judged by what it spent and taken',
    (_, past) => {
      account(...past)
        .when(refreshSucceeded({ at: later + minute, attempt: 'of another time' }))
        .then({ state: 'valid', context: { generation: 2 } })
    },
  )
  it('that comes after the grant was given up is kept, and proves itself before it is served', () => {
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
  it('offered again changes nothing', () => {
    account(...refreshing(), refreshSucceeded({ at: later }))
      .when(refreshSucceeded({ at: later }))
      .thenNothing()
  })
  it('to a token answered already is kept as a sibling, and tried on invalid_grant', () => {
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
  it('without expires_in lives the default hour', () => {
    account(...refreshing())
      .when(refreshSucceeded({ at: later, expiresIn: null }))
      .then({ context: { expiresAt: later + hour } })
  })
})

describe('a failure', () => {
  const fail = (given: Partial<Parameters<typeof refreshFailed>[0]>, with_ = {}) =>
    account(...refreshing({ with: with_ })).when(refreshFailed({ at: later, id: 'next', ...given }))
  it('counts only for its own attempt and base', () => {
    fail({ attempt: 'other' }).thenNothing()
    fail({ baseGeneration: 7 }).thenNothing()
  })
  it('T: waits, doubling, and never before retryAfter', () => {
    fail({ retryAfter: 90 * second }).then({
      state: 'expiring',
      effects: [],
      context: { retryAt: later + 90 * second },
    })
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
