import { describe, expect, it } from 'vitest'
import { type AccountContext, type AccountEvent, accountMachine, wakesAt } from '../../machines/index.ts'
import {
  authorized,
  day,
  given,
  happened,
  hour,
  minute,
  refreshFailed,
  refreshSucceeded,
  start,
  timerDue,
  tokenRequested,
} from '../../src/testing/index.ts'
import { account, waiting } from '../support/account-given.ts'

type Stored = ReturnType<typeof account>['before']
const contextOf = ({ context }: Stored) => context as AccountContext
const ends = (days: number, with_: object = {}) =>
  authorized({ grantEndsAt: start + days * day, with: with_ })

/** Fires the account's timers and answers its requests for a period; returns when its end was announced. */
function live(past: readonly AccountEvent[], days: number, answer: object = { rotated: false }) {
  const told: { daysLeft: number; at: number }[] = []
  let stored = account(...past).before
  for (let wakes = 0; ; wakes++) {
    const at = Math.max(wakesAt(contextOf(stored)) ?? Number.POSITIVE_INFINITY, start)
    if (wakes > 5_000) throw new Error('it wakes again and again for nothing')
    if (at > start + days * day) return { told, stored }
    // Stored and restored: a restart between any two.
    stored = JSON.parse(JSON.stringify(stored)) as Stored
    const woken = given(accountMachine, stored).when(timerDue({ at, id: `at-${at}` }))
    stored = woken.after
    for (const effect of woken.effects as { type: string; expiresAt: number }[])
      if (effect.type === 'account.grant-expiring')
        told.push({ daysLeft: (effect.expiresAt - at) / day, at: (at - start) / day })
    const { attempt, generation } = contextOf(stored)
    if (attempt === null) continue
    const succeeded = refreshSucceeded({ at, attempt: attempt.id, baseGeneration: generation, ...answer })
    stored = given(accountMachine, stored).when(succeeded).after
  }
}

describe('a grant that will end', () => {
  it.each(['eager', 'lazy', 'adaptive'] as const)(
    'is announced once, seven days before, with policy %s',
    (policy) => {
      const { told } = live([ends(30, { policy })], 29)
      expect(told).toEqual([{ daysLeft: 7, at: 23 }])
    },
  )

  it('is announced with its user and an action, and nothing else changes', () => {
    const past = account(ends(30))
    past.when(timerDue({ at: start + 23 * day - 1 })).then({ state: 'refreshing' })
    const { then, after } = past.when(timerDue({ at: start + 23 * day }))
    then({
      state: 'valid',
      effects: [
        {
          type: 'account.grant-expiring',
          app: 'app',
          provider: 'oidc',
          user: 'alice@example.com',
          state: 'valid',
          generation: 1,
          expiresAt: start + 30 * day,
          action: 'ask the user to reconnect before then',
        },
      ],
    })
    const { grantEndTold, ...rest } = contextOf(after)
    expect({ ...rest, grantEndTold: false }).toEqual(past.before.context)
    expect(grantEndTold).toBe(true)
  })

  it('is announced at once if it ends in less than seven days', () => {
    expect(live([ends(3)], 2).told).toEqual([{ daysLeft: 3, at: 0 }])
    const learned = refreshSucceeded({ at: start + hour, attempt: 'a', refreshTokenExpiresIn: 2 * day })
    const past = [authorized(), tokenRequested({ at: start + hour, id: 'a', force: true }), learned]
    expect(wakesAt(contextOf(account(...past).before))).toBeLessThanOrEqual(start + hour)
    account(...past)
      .when(timerDue({ at: start + hour }))
      .then({ effects: [{ type: 'account.grant-expiring', expiresAt: start + hour + 2 * day }] })
  })

  it('is inferred from the preset if the app is in testing', () => {
    const { told } = live([authorized({ with: { testingLifeMs: 7 * day } })], 6)
    expect(told).toEqual([{ daysLeft: 7, at: 0 }])
    account(authorized({ with: { testingLifeMs: 7 * day } }))
      .when(timerDue({ at: start }))
      .then({
        effects: [{ action: 'publish the app at the provider; ask the user to reconnect before then' }],
      })
  })

  it('is announced also while a refresh is in flight, and while the account waits for a secret', () => {
    const sent = [ends(8), tokenRequested({ at: start + 23 * hour, id: 'a', force: true })]
    account(...sent)
      .when(timerDue({ at: start + day }))
      .then({ state: 'refreshing', effects: [{ type: 'account.grant-expiring', state: 'refreshing' }] })
    const failed = refreshFailed({
      at: start + 23 * hour,
      attempt: 'a',
      class: 'P',
      reason: 'client_rejected',
    })
    account(...sent, failed)
      .when(timerDue({ at: start + day }))
      .then({ state: 'secret-expired', effects: [{ state: 'secret-expired' }] })
  })

  it('is announced again for a new grant, and after its end was postponed', () => {
    const told = [ends(3), timerDue({ at: start })]
    const another = authorized({ at: start + hour, grantId: 'grant-2', grantEndsAt: start + 3 * day })
    account(...told, another)
      .when(timerDue({ at: start + hour }))
      .then({ effects: [{ type: 'account.grant-expiring' }] })
    expect(live([...told, authorized({ at: start + hour, grantEndsAt: start + 4 * day })], 3).told).toEqual(
      [],
    )
    const putOff = authorized({ at: start + hour, grantEndsAt: start + 40 * day })
    expect(live([...told, putOff], 39).told).toEqual([{ daysLeft: 7, at: 33 }])
  })
})

describe('no end is announced for a grant', () => {
  const none = (past: readonly AccountEvent[], days: number, answer?: object) =>
    expect(live(past, days, answer).told).toEqual([])

  it('whose end is unknown', () => none([authorized()], 60))
  it('that is valid for less than a day', () => none([authorized({ grantEndsAt: start + 20 * hour })], 1))
  it('whose end each refresh postpones', () => {
    none([ends(30)], 60, { rotated: true, refreshTokenExpiresIn: 30 * day })
    none([authorized()], 60, { rotated: true, refreshTokenExpiresIn: 12 * hour })
    none([authorized()], 3, { rotated: true, refreshTokenExpiresIn: 30 * minute })
  })
  it('whose last token response gives no end', () => none([ends(30)], 60, { rotated: true }))
  it('that has ended already', () => {
    account(ends(3))
      .when(timerDue({ at: start + 4 * day }))
      .then({ effects: [] })
    const revoked = account(ends(30), {
      ...happened('grant.restored', start + hour),
      type: 'grant.revoked',
      class: 'A',
      reason: 'grant_revoked',
      action: 'ask the user to reconnect',
      recoverable: false,
      endedAt: start + hour,
    })
    expect(wakesAt(contextOf(revoked.before))).toBeNull()
    revoked.when(timerDue({ at: start + 23 * day })).thenNothing()
  })
  it('that cannot be refreshed', () =>
    expect(
      wakesAt(contextOf(account(authorized({ refreshable: false, grantEndsAt: start + day })).before)),
    ).toBe(contextOf(account(authorized({ refreshable: false })).before).wakeAt))
})

it('the wake-up of an account that waits for its app’s secret is not postponed', () =>
  expect(wakesAt(contextOf(account(...waiting).before))).toBe(contextOf(account(...waiting).before).wakeAt))
