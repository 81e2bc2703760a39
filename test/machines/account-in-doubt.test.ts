import { describe, expect, it } from 'vitest'
import {
  type AccountContext,
  type AccountEvent,
  type AccountState,
  accountMachine,
  servingDecision,
} from '../../machines/index.ts'
import {
  authorized,
  given,
  hour,
  minute,
  refreshFailed,
  refreshSucceeded,
  second,
  timerDue,
  tokenRejected,
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, attempt, later, wakeAt } from '../support/account-given.ts'

type Rotation = AccountContext['rotation']

const lost = later + 16 * second

/** The answer to a refresh that a caller forced is missing; the token lives for most of an hour more. */
function inDoubt(
  rotation: Rotation,
  forced: AccountEvent = tokenRequested({ at: later, id: attempt, force: true }),
) {
  return account(authorized({ at: later - minute, with: { rotation } }), forced).when(timerDue({ at: lost }))
    .after
}

/** What another caller hears, who asks for nothing in particular. */
const heard = ({ value, context }: { value: unknown; context: object }, at: number) =>
  servingDecision(
    { state: value as AccountState, context: context as AccountContext, at },
    { minValidity: null, resource: null },
  )

const report = (at: number) => tokenRejected({ at, id: 'report', generation: 1 })

describe.each(['strict', 'until-used'] as const)(
  'in doubt, %s: a token that is reported as refused',
  (rotation) => {
    it('is served until then', () => {
      expect(heard(inDoubt(rotation), lost + second)).toEqual({ kind: 'token' })
    })

    it('is served to nobody any more: they hear when the next attempt is safe', () => {
      const { then, after } = given(accountMachine, inDoubt(rotation)).when(report(lost + second))
      then({ state: 'expiring', effects: [], context: { rejected: 1, retryAt: lost + 5 * second } })
      expect(wakeAt(after)).toBe(lost + 5 * second)
      const verdict = heard(after, lost + 2 * second)
      expect(verdict).toEqual({ kind: 'provider_unavailable', retryAfter: 3 * second })
    })

    it('is replaced at once when that is safe already, long before the rest would have ended', () => {
      const { then, after } = given(accountMachine, inDoubt(rotation)).when(report(lost + 6 * second))
      then({ state: 'refreshing', effects: [{ type: 'refresh.send' }], context: { rejected: 1 } })
      expect(heard(after, lost + 7 * second)).toEqual({ kind: 'wait' })
    })

    it('stays unserved when that attempt fails for the moment, and when it is lost as well', () => {
      const trying = given(accountMachine, inDoubt(rotation)).when(report(lost + 6 * second)).after
      const failed = given(accountMachine, trying).when(
        refreshFailed({ at: lost + 7 * second, attempt: 'report', inDoubt: false }),
      ).after
      const lostAgain = given(accountMachine, trying).when(timerDue({ at: lost + 30 * second })).after
      for (const [snapshot, at] of [
        [failed, lost + 7 * second],
        [lostAgain, lost + 30 * second],
      ] as const) {
        expect(snapshot.value).toBe('expiring')
        expect(heard(snapshot, at)).toMatchObject({ kind: 'provider_unavailable' })
      }
    })

    it('is forgotten with the next token', () => {
      const trying = given(accountMachine, inDoubt(rotation)).when(report(lost + 6 * second)).after
      const { then, after } = given(accountMachine, trying).when(
        refreshSucceeded({ at: lost + 7 * second, attempt: 'report' }),
      )
      then({ state: 'valid', context: { rejected: null, doubtSince: null } })
      expect(heard(after, lost + 8 * second)).toEqual({ kind: 'token' })
    })

    it('and whose report began the attempt that was lost stays unserved', () => {
      const resting = inDoubt(rotation, tokenRejected({ at: later, id: attempt, generation: 1 }))
      expect(resting.context).toMatchObject({ rejected: 1 })
      expect(heard(resting, lost + second)).toMatchObject({ kind: 'provider_unavailable' })
    })

    it('is told once: more reports change nothing', () => {
      const { after } = given(accountMachine, inDoubt(rotation)).when(report(lost + second))
      given(accountMachine, after)
        .when(report(lost + 2 * second))
        .thenNothing()
    })
  },
)

it('a wait that the provider asked for is not cut short by a report', () => {
  const reported = given(accountMachine, inDoubt('strict')).when(report(lost + 6 * second)).after
  const told = given(accountMachine, reported).when(
    refreshFailed({ at: lost + 7 * second, attempt: 'report', retryAfter: 10 * minute }),
  ).after
  expect(wakeAt(told)).toBeGreaterThanOrEqual(lost + 10 * minute)
  given(accountMachine, told)
    .when(report(lost + 5 * minute))
    .thenNothing()
})

it('with a rotation that lets the same token be sent again, one report blinds nobody', () => {
  const failed = account(
    authorized({ at: later - minute, with: { rotation: 'keeps-old' } }),
    tokenRejected({ at: later, id: attempt, generation: 1 }),
  ).when(refreshFailed({ at: later + second, inDoubt: true })).after
  expect(failed.context).toMatchObject({ rejected: null })
  expect(heard(failed, later + hour / 2)).toEqual({ kind: 'token' })
})
