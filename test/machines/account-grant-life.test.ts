import { describe, expect, it } from 'vitest'
import type { AccountContext } from '../../machines/index.ts'
import {
  authorized,
  day,
  hour,
  minute,
  refreshFailed,
  refreshSucceeded,
  start,
  timerDue,
} from '../../src/testing/index.ts'
import { account, attempt, later, refreshing, wakeAt } from '../support/account-given.ts'

const contextOf = ({ after }: { after: { context: object } }) => after.context as AccountContext

describe('a grant with an expiry', () => {
  const expires = start + 7 * day

  it('is known from the put and from token responses', () => {
    expect(contextOf(account().when(authorized({ grantEndsAt: expires }))).grantEndsAt).toBe(expires)
    const past = refreshing({ grantEndsAt: expires })
    const told = refreshSucceeded({ at: later, startedAt: later, attempt, refreshTokenExpiresIn: day })
    expect(contextOf(account(...past).when(told)).grantEndsAt).toBe(later + day)
  })

  it('keeps its expiry as long as its refresh token', () => {
    const past = refreshing({ grantEndsAt: expires })
    const lifeAfter = (rotated: boolean) =>
      contextOf(account(...past).when(refreshSucceeded({ at: later, attempt, rotated }))).grantEndsAt
    expect(lifeAfter(false)).toBe(expires)
    expect(lifeAfter(true)).toBeNull()
  })

  it('is refreshed well before that', () => {
    const short = authorized({ with: { policy: 'lazy' }, grantEndsAt: start + 4 * hour })
    const { after } = account(short).when(timerDue({ at: start + 55 * minute }))
    expect(wakeAt(after)).toBeGreaterThan(start + hour)
    expect(wakeAt(after)).toBeLessThanOrEqual(start + 2 * hour)
  })

  it('is as old as its first put, also after later puts', () => {
    const again = authorized({ at: start + day })
    expect(contextOf(account(authorized()).when(again)).authorizedAt).toBe(start)
    const another = authorized({ at: start + day, grantId: 'grant-2' })
    expect(contextOf(account(authorized()).when(another)).authorizedAt).toBe(start + day)
  })
})

describe('a refusal after a lost response', () => {
  const lost = timerDue({ at: later + minute })
  const reasonOf = (rotation: 'none' | 'keeps-old' | 'strict') => {
    const waited = account(...refreshing({ with: { rotation } }), lost)
    const { attempt: again, generation } = contextOf(waited.when(timerDue({ at: later + 10 * minute })))
    const past = again === null ? [] : [timerDue({ at: later + 10 * minute, id: again.id })]
    const refused = refreshFailed({
      at: later + 10 * minute,
      attempt: again?.id ?? '',
      baseGeneration: generation,
      class: 'R',
      reason: 'sessions_revoked',
    })
    return contextOf(account(...refreshing({ with: { rotation } }), lost, ...past).when(refused)).invalid
  }

  it('is attributed to the lost response only if that can end the grant', () => {
    expect(reasonOf('strict')).toMatchObject({ reason: 'refresh_interrupted' })
    expect(reasonOf('none')).toMatchObject({ reason: 'sessions_revoked' })
    expect(reasonOf('keeps-old')).toMatchObject({ reason: 'sessions_revoked' })
  })
})
