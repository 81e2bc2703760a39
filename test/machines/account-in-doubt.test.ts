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

/** The decision for another caller without options. */
const heard = ({ value, context }: { value: unknown; context: object }, at: number) =>
  servingDecision(
    { state: value as AccountState, context: context as AccountContext, at },
    { minValidity: null, resource: null },
  )

const report = (at: number) => tokenRejected({ at, id: 'report', generation: 1 })

describe.each(['strict', 'until-used'] as const)(
  'after a lost response, rotation %s: a token that an API rejected',
  (rotation) => {
    it('is served until it is rejected', () => {
      expect(heard(inDoubt(rotation), lost + second)).toEqual({ kind: 'token' })
    })

    it('is not served any more, and callers get the time of the next safe attempt', () => {
      const { then, after } = given(accountMachine, inDoubt(rotation)).when(report(lost + second))
      then({ state: 'expiring', effects: [], context: { rejected: 1, retryAt: lost + 5 * second } })
      expect(wakeAt(after)).toBe(lost + 5 * second)
      const verdict = heard(after, lost + 2 * second)
      expect(verdict).toEqual({ kind: 'provider_unavailable', retryAfter: 3 * second })
    })

    it('is replaced at once if a retry is safe already', () => {
      const { then, after } = given(accountMachine, inDoubt(rotation)).when(report(lost + 6 * second))
      then({ state: 'refreshing', effects: [{ type: 'refresh.send' }], context: { rejected: 1 } })
      expect(heard(after, lost + 7 * second)).toEqual({ kind: 'wait' })
    })

    it('is not served after that attempt fails temporarily or is lost too', () => {
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

    it('is no longer recorded once the next token is stored', () => {
      const trying = given(accountMachine, inDoubt(rotation)).when(report(lost + 6 * second)).after
      const { then, after } = given(accountMachine, trying).when(
        refreshSucceeded({ at: lost + 7 * second, attempt: 'report' }),
      )
      then({ state: 'valid', context: { rejected: null, doubtSince: null } })
      expect(heard(after, lost + 8 * second)).toEqual({ kind: 'token' })
    })

    it('is not served if its rejection started the lost attempt', () => {
      const resting = inDoubt(rotation, tokenRejected({ at: later, id: attempt, generation: 1 }))
      expect(resting.context).toMatchObject({ rejected: 1 })
      expect(heard(resting, lost + second)).toMatchObject({ kind: 'provider_unavailable' })
    })

    it('is recorded once: further reports change nothing', () => {
      const { after } = given(accountMachine, inDoubt(rotation)).when(report(lost + second))
      given(accountMachine, after)
        .when(report(lost + 2 * second))
        .thenNothing()
    })
  },
)

it('a Retry-After of the provider is not shortened by a rejection', () => {
  const reported = given(accountMachine, inDoubt('strict')).when(report(lost + 6 * second)).after
  const told = given(accountMachine, reported).when(
    refreshFailed({ at: lost + 7 * second, attempt: 'report', retryAfter: 10 * minute }),
  ).after
  expect(wakeAt(told)).toBeGreaterThanOrEqual(lost + 10 * minute)
  given(accountMachine, told)
    .when(report(lost + 5 * minute))
    .thenNothing()
})

it('with a rotation that permits sending the same token again, a single rejection does not stop serving', () => {
  const failed = account(
    authorized({ at: later - minute, with: { rotation: 'keeps-old' } }),
    tokenRejected({ at: later, id: attempt, generation: 1 }),
  ).when(refreshFailed({ at: later + second, inDoubt: true })).after
  expect(failed.context).toMatchObject({ rejected: null })
  expect(heard(failed, later + hour / 2)).toEqual({ kind: 'token' })
})
