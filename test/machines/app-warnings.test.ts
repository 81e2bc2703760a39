import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AppContext, type AppEffect, appMachine, type toStored } from '../../machines/index.ts'
import { day, given, minute, start } from '../../src/testing/index.ts'
import {
  app,
  appDue,
  broken,
  clientAccepted,
  clientRejected,
  secretsPut,
  sent,
  throttledUntil,
} from '../support/app-given.ts'

type Stored = ReturnType<typeof toStored>
const contextOf = (stored: Stored) => stored.context as AppContext
type Expiring = Extract<AppEffect, { type: 'app.secret-expiring' }>

/** Fires the app's timers, possibly late, and returns its announcements. */
function live(from: Stored, until: number, late = 0) {
  const told: { secret: string; days: number; at: number }[] = []
  let stored = from
  for (let wakes = 0; ; wakes++) {
    const { wakeAt } = contextOf(stored)
    if (wakes > 1_000) throw new Error('it wakes again and again for nothing')
    if (wakeAt === null || wakeAt > until) return { told, stored, wakes }
    // Stored and restored: a restart between any two.
    stored = JSON.parse(JSON.stringify(stored))
    const { after, effects } = given(appMachine, stored).when(appDue(wakeAt + late))
    for (const effect of effects as Expiring[])
      if (effect.type === 'app.secret-expiring')
        told.push({ secret: effect.secret, days: effect.days, at: wakeAt + late })
    stored = after
  }
}

describe('a secret that will expire', () => {
  it('is announced 30, 14, 7, 3 and 1 days before, each once, also across restarts', () => {
    const put = app(secretsPut({ one: 100 }))
    const { told, stored } = live(put.before, start + 200 * day)
    expect(told.map(({ days, at }) => [days, (at - start) / day])).toEqual([
      [30, 70],
      [14, 86],
      [7, 93],
      [3, 97],
      [1, 99],
    ])
    expect(stored.value).toBe('secret-expiring')
  })
  it('that is put late is announced at once, with the threshold it has crossed', () => {
    app()
      .when(secretsPut({ one: 10 }))
      .then({ state: 'secret-expiring', effects: [{ secret: 'one', days: 14 }] })
    app(secretsPut({ one: null }))
      .when(secretsPut({ one: null, two: 2 }))
      .then({ state: 'secret-expiring', effects: [{ secret: 'two', days: 3 }] })
  })
  it('is announced again only if its expiry changes', () => {
    app(secretsPut({ one: 10 }))
      .when(secretsPut({ one: 10 }, { fresh: false }))
      .then({ effects: [] })
    app(secretsPut({ one: 10 }))
      .when(secretsPut({ one: 12 }, { fresh: false }))
      .then({ effects: [{ days: 14 }] })
  })
  it('makes the app healthy again once it is replaced', () =>
    app(secretsPut({ one: 10 }))
      .when(secretsPut({ two: 300 }))
      .then({ state: 'healthy', context: { wakeAt: start + 270 * day } }))
  it('does not make the app secret-expiring if it was rejected and another works', () =>
    app(secretsPut({ one: 10, two: null }))
      .when(clientAccepted('two', start, { refusedSecrets: ['one'] }))
      .then({ state: 'healthy' }))
  it.each([
    ['throttled', [secretsPut({ two: 31 }), throttledUntil(start + 2 * day)]],
    ['secret-expired', [...broken, secretsPut({ one: null, two: 31 }, { fresh: false })]],
  ] as const)('is announced in %s too, without needless wake-ups', (state, past) => {
    const { told, wakes, stored } = live(app(...past).before, start + day + minute)
    expect(stored.value).toBe(state)
    expect(told).toEqual([{ secret: 'two', days: 30, at: start + day }])
    expect(wakes).toBeLessThan(35)
  })
  it('is announced at most once per threshold and always at the last one, whenever secrets are added and however late the timer', () => {
    const added = fc.record({ at: fc.nat(60), left: fc.integer({ min: 1, max: 90 }) })
    fc.assert(
      fc.property(fc.array(added, { minLength: 1, maxLength: 4 }), fc.nat(2_000), (secrets, late) => {
        const inOrder = secrets.sort((a, b) => a.at - b.at)
        const told = new Map<string, number[]>()
        const note = (each: { secret: string; days: number }) =>
          told.set(each.secret, [...(told.get(each.secret) ?? []), each.days])
        let stored = given(appMachine, []).before
        for (const [i, { at }] of inOrder.entries()) {
          const lived = live(stored, start + at * day, late * minute)
          const all = inOrder.slice(0, i + 1).map((each, name) => [name, each.at + each.left] as const)
          const put = secretsPut(Object.fromEntries(all), { at: start + at * day, fresh: false })
          const { after, effects } = given(appMachine, lived.stored).when(put)
          for (const each of [...lived.told, ...(effects as Expiring[])]) note(each)
          stored = after
        }
        for (const each of live(stored, start + 365 * day, late * minute).told) note(each)
        expect(told.size).toBe(secrets.length)
        for (const days of told.values()) {
          expect(days).toEqual([...new Set(days)].sort((a, b) => b - a))
          expect(days.at(-1)).toBe(1)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('a throttled app', () => {
  it('waits for the longest Retry-After, then returns to the state before', () => {
    const past = [secretsPut({ one: 10 }), throttledUntil(start + 2 * minute), throttledUntil(start + minute)]
    app(...past)
      .when(appDue(start + 2 * minute))
      .then({ state: 'secret-expiring', effects: [] })
    app(...past)
      .when(throttledUntil(start + 3 * minute, start + minute))
      .then({ state: 'throttled', context: { wakeAt: start + 3 * minute } })
  })
  it('can have its circuit opened', () =>
    app(secretsPut({ one: null }), clientRejected(), throttledUntil(start + minute))
      .when(clientRejected({ grant: 'other', sent: sent(start, 'rejected') }))
      .then({ state: 'secret-expired' }))
})
