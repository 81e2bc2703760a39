import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type AccountEvent, accountMachine, fromStored, warningAt } from '../../machines/index.ts'
import { outboxEntries } from '../../src/actors/account-events.ts'
import { authorized, day, given, refreshSucceeded, replay, start, timerDue } from '../../src/testing/index.ts'

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
    const step = {
      id: 'alice',
      version: index + 1,
      event,
      before,
      after,
      snapshot: JSON.stringify(after),
      effects,
    }
    const [transition] = outboxEntries(step as never, [])
    return JSON.parse(transition?.body ?? '{}')
  })
}

/** A life with grants that end, as it was before anybody was told of their end. */
const recordedBySchema1 = () =>
  JSON.parse(readFileSync(new URL('../fixtures/history-schema-1.json', import.meta.url), 'utf8'))

describe('replay', () => {
  it('matches the recorded transitions', () => {
    expect(replay(recorded())).toEqual({ states: ['valid', 'refreshing', 'valid'], checked: 3, skipped: 0 })
  })

  it('replays records of an older version exactly', () => {
    const history = recordedBySchema1()
    expect(history.map((record: { snapshot: { schema: number } }) => record.snapshot.schema)).toEqual(
      history.map(() => 1),
    )
    const replayed = replay(history)
    expect(replayed.divergence).toBeUndefined()
    expect(replayed).toMatchObject({ checked: 13, skipped: 0 })
    history[6].snapshot.context.failures = 7
    expect(replay(history).divergence).toMatchObject({ version: 7, path: 'snapshot.context.failures' })
  })

  it('ignores newer fields in records of an older node, which keeps them unchanged', () => {
    const [first, second] = recorded()
    for (const record of [first, second]) {
      record.snapshot.schema = 1
      record.snapshot.context.grantEndTold = 'carried along'
    }
    expect(replay([first, second])).toMatchObject({ checked: 2 })
    expect(replay([first, second]).divergence).toBeUndefined()
    Object.assign(second.snapshot, { schema: 2 }).context.grantEndTold = 'changed'
    expect(replay([first, second]).divergence).toMatchObject({ path: 'snapshot.context.grantEndTold' })
  })

  it('skips a truncated record, counts it, and continues after the next one', () => {
    const [first, second, third] = recorded()
    const { event: _, effects: __, snapshot: ___, ...short } = second
    expect(replay([first, { ...short, truncated: true }, third])).toEqual({
      states: ['valid', 'refreshing', 'valid'],
      checked: 1,
      skipped: 0,
      truncated: 1,
    })
  })

  it('continues from it', () => {
    const [, refreshing] = recordedBySchema1()
    const told = refreshSucceeded({ at: later, attempt: 'first', refreshTokenExpiresIn: 30 * day })
    given(accountMachine, refreshing.snapshot)
      .when(told)
      .then({ state: 'valid', context: { grantEndTold: false } })
    const before = fromStored(accountMachine, refreshing.snapshot).context
    expect(warningAt(before)).toBeNull()
  })

  it('rejects records of a newer version', () => {
    const [first, second] = recorded()
    const newer = { ...first, snapshot: { ...first.snapshot, schema: 99 } }
    expect(replay([newer, second]).divergence).toMatchObject({ path: 'snapshot.schema' })
    expect(() => fromStored(accountMachine, newer.snapshot)).toThrow(/unknown snapshot schema 99/)
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
    ['where it led', (record: never) => ({ ...(record as object), to: 'expiring' }), 'to'],
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

  it('shows an event that the current machine does not handle', () => {
    const history = recorded()
    history[1].event = { ...history[1].event, at: start }
    expect(replay(history).divergence).toMatchObject({ version: 2 })
  })

  it('rejects an invalid record, naming the field', () => {
    expect(() => replay([{ account: 'alice' }])).toThrow(/version/)
  })
})
