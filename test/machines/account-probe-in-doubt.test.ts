import { describe, it } from 'vitest'
import { type AccountEvent, accountMachine } from '../../machines/index.ts'
import {
  authorized,
  day,
  given,
  happened,
  minute,
  refreshFailed,
  second,
  timerDue,
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, attempt, later, parked, refreshing } from '../support/account-given.ts'

const probed = later + minute
const lost = probed + 15 * second
/** The access token has almost an hour left, so a late answer is waited for as long as possible. */
const settled = lost + 65 * second

describe('while a strict account waits for its app, and the answer to its probe is missing', () => {
  const inDoubt = [...waitingSoon(), happened('app.probe', probed), timerDue({ at: lost })] as AccountEvent[]
  const wait = account(...inDoubt.slice(0, -1)).when(inDoubt.at(-1) as AccountEvent).after
  const then = given(accountMachine, wait)

  it('the same refresh token is not sent for another probe', () =>
    then.when(happened('app.probe', settled - 1)).thenNothing())
  it('a new secret of the app lets it refresh once that is safe, not at once', () => {
    const { then: expect, after } = then.when(happened('app.secret-updated', lost + second))
    expect({ state: 'expiring', effects: [], context: { wakeAt: settled, attempt: null } })
    given(accountMachine, after)
      .when(timerDue({ at: settled }))
      .then({ state: 'refreshing', effects: [{ type: 'refresh.send' }] })
  })
  it('a new secret that comes later lets it refresh at once', () =>
    then.when(happened('app.secret-updated', settled)).then({ state: 'refreshing' }))
})

it('the missing answer of a failed probe counts as the one of a lost probe', () => {
  const probe = { ...happened('app.probe', probed), id: 'probe' }
  const { after } = account(...waitingSoon(), probe).when(
    refreshFailed({ at: probed + second, attempt: 'probe', inDoubt: true }),
  )
  given(accountMachine, after)
    .when(happened('app.secret-updated', probed + 2 * second))
    .then({ state: 'expiring', context: { wakeAt: probed + 66 * second } })
})

it('an account whose refresh token stays valid refreshes at once with a new secret, though an answer is missing', () => {
  const past = refreshing({ at: later, with: { rotation: 'none' } })
  const refused = refreshFailed({ at: later, class: 'P', reason: 'client_rejected' })
  const { after } = account(...past, refused, happened('app.probe', probed)).when(timerDue({ at: lost }))
  given(accountMachine, after)
    .when(happened('app.secret-updated', lost + second))
    .then({ state: 'refreshing' })
})

describe('while a strict account is parked, and the answer to its daily probe is missing', () => {
  const [daily, gone] = [later + day, later + day + 15 * second]
  const { after } = account(...parked, timerDue({ at: daily })).when(timerDue({ at: gone }))
  const then = given(accountMachine, after)

  it('a report that the grant works again makes it refresh after the settle time', () =>
    then
      .when(happened('grant.restored', gone + second))
      .then({ state: 'revoked', effects: [], context: { wakeAt: gone + 5 * second } }))
  it('a changed app does the same', () => {
    const changed = refreshFailed({ at: later, class: 'S', reason: 'app_changed', settings: 1 })
    const { after } = account(...refreshing(), changed, timerDue({ at: daily })).when(timerDue({ at: gone }))
    const change = (at: number) => ({ type: 'app.changed', id: 'changed', at, settings: 2 }) as const
    given(accountMachine, after)
      .when(change(gone + second))
      .then({ state: 'revoked', effects: [], context: { wakeAt: gone + 5 * second } })
    given(accountMachine, after)
      .when(change(gone + 5 * second))
      .then({ state: 'refreshing' })
  })
})

describe('a probe without an answer, with rotation grace', () => {
  const window = { rotation: 'grace', graceMs: 10 * second } as const
  const valid = [authorized({ at: later - minute, with: window })]
  const waiting = [
    ...refreshing({ at: later, with: window }),
    refreshFailed({ at: later, class: 'P', reason: 'client_rejected' }),
  ]
  it.each([
    ['a working account', valid],
    ['an account that waits for its app', waiting],
  ] as const)('of %s is repeated as a probe, within the grace period', (_, before) => {
    const overdue = probed + 6 * second
    account(...before, { ...happened('app.probe', probed), down: true })
      .when(timerDue({ at: overdue }))
      .then({
        state: 'refreshing',
        effects: [{ type: 'refresh.send' }],
        context: { attempt: { probe: true, sendBy: probed + 9 * second } },
      })
  })
})

describe('a probe whose connection breaks before the answer', () => {
  const grace = { with: { rotation: 'grace', graceMs: minute } } as const
  const broken = (at: number, attempt: string) =>
    refreshFailed({ at, attempt, inDoubt: true, reason: 'connection_lost' })
  const cases = [
    ['of a parked account', refreshFailed({ at: later, class: 'S', reason: 'mfa_required' }), timerDue],
    [
      'of an account that waits for its app',
      refreshFailed({ at: later, class: 'P', reason: 'client_rejected' }),
      ({ at, id }: { at: number; id: string }) => ({ ...happened('app.probe', at), id }),
    ],
  ] as const
  it.each(cases)('%s is repeated once, at once, within the grace period', (_, refused, probe) => {
    const at = later + day
    const past = [...refreshing({ at: later, ...grace }), refused, probe({ at, id: 'first' })]
    const { then, after } = account(...(past as AccountEvent[])).when({
      ...broken(at + second, 'first'),
      id: 'second',
    })
    then({ state: 'refreshing', effects: [{ type: 'refresh.send' }], context: { attempt: { probe: true } } })
    given(accountMachine, after)
      .when(broken(at + 2 * second, 'second'))
      .then({ state: refused.class === 'S' ? 'revoked' : 'secret-expired', effects: [] })
    const late = account(...(past as AccountEvent[])).when(broken(at + 2 * minute, 'first'))
    late.then({ state: refused.class === 'S' ? 'revoked' : 'secret-expired', effects: [] })
  })
})

/** Waits for its app, with an access token that still lives for most of an hour. */
function waitingSoon(): AccountEvent[] {
  const forced = tokenRequested({ at: later, id: attempt, force: true })
  const refused = refreshFailed({ at: later, class: 'P', reason: 'client_rejected' })
  return [authorized({ at: later - minute, with: { rotation: 'strict' } }), forced, refused]
}
