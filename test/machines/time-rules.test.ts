import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AccountContext,
  absentAccount,
  accountMachine,
  backOffUntil,
  firstTokenAt,
  softDeadline,
} from '../../machines/index.ts'
import {
  authorized,
  day,
  given,
  hour,
  minute,
  refreshSucceeded,
  second,
  start,
  timerDue,
} from '../../src/testing/index.ts'

const context = (account: string, changed: Partial<AccountContext> = {}): AccountContext => ({
  ...absentAccount({ account }),
  refreshable: true,
  generation: 1,
  ...changed,
})

/** Account names as people give them. */
const naming = fc.oneof(
  fc.string({ maxLength: 12 }).map((prefix) => (i: number) => `${prefix}${i}`),
  fc.domain().map((domain) => (i: number) => `user${i}@${domain}`),
  fc.uuid().map((uuid) => (i: number) => `${uuid.slice(0, -4)}${i.toString(16).padStart(4, '0')}`),
)

/** How far ten equal parts of what lies between are from being filled alike: chi squared, 9 degrees of freedom. */
function unevenness(times: readonly number[], from: number, to: number): number {
  const buckets = Array.from({ length: 10 }, () => 0)
  for (const time of times) {
    expect(time).toBeGreaterThanOrEqual(from)
    expect(time).toBeLessThanOrEqual(to)
    const bucket = Math.min(9, Math.floor(((time - from) / (to - from)) * 10))
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  const even = times.length / 10
  return buckets.reduce((sum, count) => sum + (count - even) ** 2 / even, 0)
}

/** Chance exceeds it once in a million times. */
const tooUneven = 45

function isEven(timeOf: (context: AccountContext) => number, from: number, to: number): void {
  fc.assert(
    fc.property(naming, fc.nat(50), (name, generation) => {
      const times = Array.from({ length: 1_000 }, (_, i) => timeOf(context(name(i), { generation })))
      expect(unevenness(times, from, to)).toBeLessThan(tooUneven)
    }),
    { numRuns: 10 },
  )
}

describe('jitter', () => {
  it('spreads refreshes of tokens that expire together evenly over 75 % to 92 % of their lifetime', () =>
    isEven((each) => softDeadline(each, start, start + hour), start + 0.75 * hour, start + 0.92 * hour))
  it('spreads the first refreshes evenly over a second', () =>
    isEven((each) => firstTokenAt(each, start), start, start + second))
  it('spreads retries after many failures evenly over 75 % to 125 % of 5 minutes', () => {
    const failed = { at: start, failures: 12, retryAfter: null, configuration: false }
    isEven((each) => backOffUntil(each, failed), start + 3.75 * minute, start + 6.25 * minute)
  })
  it('spreads retries after the same Retry-After evenly over half as long again', () => {
    const told = { at: start, failures: 1, retryAfter: 60 * second, configuration: false }
    isEven((each) => backOffUntil(each, told), start + 60 * second, start + 90 * second)
    const long = { ...told, retryAfter: hour }
    isEven((each) => backOffUntil(each, long), start + hour, start + hour + 5 * minute)
  })
})

describe('keep-alive', () => {
  it('refreshes every grant within a day and within half of its idle limit, whatever the policy and lifetime', () => {
    const life = fc.integer({ min: minute, max: 60 * day })
    const idle = fc.oneof(fc.constant(0), fc.integer({ min: hour, max: 400 * day }))
    fc.assert(
      fc.property(
        fc.constantFrom('eager', 'lazy', 'adaptive'),
        life,
        idle,
        (policy, expiresIn, idleLimitMs) => {
          const longest = idleLimitMs === 0 ? day : Math.min(day, idleLimitMs / 2)
          const grant = authorized({ expiresAt: start + expiresIn, with: { policy, idleLimitMs } })
          let snapshot = given(accountMachine, [grant]).before
          let used = start
          for (let generation = 1; generation < 6; ) {
            const at = (snapshot.context as AccountContext).wakeAt as number
            const { after } = given(accountMachine, snapshot).when(timerDue({ at, id: 'attempt' }))
            snapshot = after
            if (after.value !== 'refreshing') continue
            expect(at - used).toBeLessThanOrEqual(longest)
            used = at
            snapshot = given(accountMachine, after).when(
              refreshSucceeded({ at, baseGeneration: generation++, expiresIn }),
            ).after
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('an access token that is already expired when it is put', () => {
  const put = (policy: 'eager' | 'adaptive', refreshable = true) =>
    given(accountMachine, []).when(authorized({ expiresAt: start - hour, with: { policy }, refreshable }))
  it('is refreshed within a second with policy eager', () => {
    const { then, after } = put('eager')
    then({ state: 'expiring', effects: [{ type: 'tokens.store' }] })
    expect((after.context as AccountContext).wakeAt).toBeLessThanOrEqual(start + second)
  })
  it('is refreshed on request or for keep-alive with other policies', () => {
    const { then, after } = put('adaptive')
    then({ state: 'expiring', effects: [{ type: 'tokens.store' }] })
    expect((after.context as AccountContext).wakeAt).toBeGreaterThan(start + 17 * hour)
  })
  it('revokes the account if it cannot be refreshed', () =>
    given(accountMachine, put('adaptive', false).after)
      .when(timerDue({ at: start + second }))
      .then({ state: 'revoked', effects: [{ type: 'token.invalid', reason: 'no_refresh_token' }] }))
})
