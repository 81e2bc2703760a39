import { describe, expect, it } from 'vitest'
import { type AccountEvent, accountMachine } from '../../machines/index.ts'
import { announcements } from '../../src/host/account-events.ts'
import { authorized, given, refreshSucceeded, replay, start, timerDue } from '../../src/testing/index.ts'

const later = start + 3_400_000
const events: AccountEvent[] = [
  authorized(),
  timerDue({ at: later, id: 'first' }),
  refreshSucceeded({ at: later + 200, attempt: 'first' }),
]

/** The transitions as the host records them. */
function recorded(past: readonly AccountEvent[] = events) {
  return past.map((event, index) => {
    const before = given(accountMachine, past.slice(0, index)).before
    const { after, effects } = given(accountMachine, past.slice(0, index)).when(event)
    const step = { id: 'alice', version: index + 1, event, before, after, effects }
    const [transition] = announcements(step as never)
    return JSON.parse(transition?.body ?? '{}')
  })
}

describe('replay', () => {
  it('agrees with what was recorded', () => {
    expect(replay(recorded())).toEqual({ states: ['valid', 'refreshing', 'valid'], checked: 3, skipped: 0 })
  })

  it('starts from the first retained transition, and again after a gap', () => {
    const [, second, third] = recorded()
    expect(replay([second, third])).toMatchObject({ checked: 1, skipped: 1 })
    expect(replay([recorded()[0], third])).toMatchObject({ checked: 1, skipped: 1 })
  })

  it.each([
    [
      'a state',
      (record: never) => ({ ...(record as object), snapshot: { schema: 1, value: 'revoked', context: {} } }),
      'snapshot.value',
    ],
    ['a wake-up', (record: never) => ({ ...(record as object), wakeAt: 7 }), 'wakeAt'],
    ['an effect', (record: never) => ({ ...(record as object), effects: [] }), 'effects'],
  ])('shows the first divergence: %s', (_, change, path) => {
    const history = recorded()
    history[1] = change(history[1] as never)
    const { divergence } = replay(history)
    expect(divergence?.version).toBe(2)
    expect(divergence?.path).toContain(path)
    expect(divergence?.recorded).not.toEqual(divergence?.replayed)
  })

  it('shows an event that the machine of today does not take', () => {
    const history = recorded()
    history[1].event = { ...history[1].event, at: start }
    expect(replay(history).divergence).toMatchObject({ version: 2 })
  })

  it('refuses what is no record, naming the field', () => {
    expect(() => replay([{ account: 'alice' }])).toThrow(/version/)
  })
})
