import { describe, expect, it, vi } from 'vitest'
import { createEventFilter } from '../../src/contract/event-filter.ts'

type Body = Record<string, unknown>

// The page’s module has no types, and keeps its state as long as it is loaded.
let loaded = 0
async function ofThePage(): Promise<(subject: string, body: Body) => unknown> {
  const module = new URL(`../../src/http/page/believed.js?${++loaded}`, import.meta.url).href
  const { believed } = (await import(module)) as { believed: (body: Body) => boolean }
  return (_subject, body) => believed(body)
}

const time = (seconds: number) => new Date(seconds * 1_000).toISOString()
const eventAt = (version: number, seconds: number, more: Body = {}): Body => ({
  id: `${version}@${seconds}`,
  type: 'token.refreshed',
  account: 'alice',
  version,
  time: time(seconds),
  ...more,
})
const subject = 'token.refreshed.alice'

describe.each([
  ['a subscriber', async () => createEventFilter()],
  ['the page', ofThePage],
])('%s', (_who, create) => {
  it('accepts an event that is newer by version or by time, once', async () => {
    const believes = await create()
    const told = [
      eventAt(5, 50),
      eventAt(5, 50),
      eventAt(4, 40),
      eventAt(6, 50),
      eventAt(6, 50),
      // An older copy of the storage was restored.
      eventAt(3, 70),
      eventAt(4, 80),
      eventAt(3, 70),
    ].map((event) => Boolean(believes(subject, event)))
    expect(told).toEqual([true, false, false, true, false, true, true, false])
  })

  it('accepts each of several events of one save once', async () => {
    const believes = await create()
    const one = eventAt(5, 50, { id: 'one' })
    const other = eventAt(5, 50, { id: 'other', type: 'account.transition' })
    const told = [one, other, one, other].map((event) => Boolean(believes(`${event.type}.alice`, event)))
    expect(told).toEqual([true, true, false, false])
  })

  it('tracks each account separately, and an app with the same id', async () => {
    const believes = await create()
    expect(believes(subject, eventAt(9, 90))).toBeTruthy()
    expect(believes('token.refreshed.bob', eventAt(1, 10, { account: 'bob' }))).toBeTruthy()
    const ofApp = eventAt(2, 20, { type: 'app.secret-expired', account: undefined, app: 'alice' })
    expect(believes('app.secret-expired.alice', ofApp)).toBeTruthy()
  })
})

describe('a subscriber', () => {
  it.each<[string, string, unknown]>([
    ['of another account', 'token.refreshed.bob', eventAt(1, 1)],
    ['of another encoding of the account', 'token.refreshed.%61lice', eventAt(1, 1)],
    ['of another type', 'token.invalid.alice', eventAt(1, 1)],
    ['of an app', 'app.secret-expired.alice', eventAt(1, 1, { type: 'app.secret-expired', app: 'bob' })],
    ['without an account', subject, eventAt(1, 1, { account: undefined })],
    ['with an invalid version', subject, eventAt(1, 1, { version: '1' })],
    ['with an invalid time', subject, eventAt(1, 1, { time: 'soon' })],
    ['with a too long id', subject, eventAt(1, 1, { id: 'x'.repeat(1_000) })],
    ['with an account that is not valid Unicode', subject, eventAt(1, 1, { account: '\ud800' })],
    ['that is a list', subject, []],
    ['without a body', subject, undefined],
  ])('rejects an event %s', (_what, on, body) => {
    expect(createEventFilter()(on, body)).toBeUndefined()
  })

  it('accepts events of accounts with encoded ids', () => {
    const account = 'müller.ann@example.com'
    const on = 'token.refreshed.m%C3%BCller%2Eann@example%2Ecom'
    expect(createEventFilter()(on, eventAt(1, 1, { account }))).toMatchObject({ of: account, version: 1 })
  })

  it('is not blocked for good by a time in the far future', () => {
    const believes = createEventFilter()
    vi.useFakeTimers({ now: 0 })
    expect(believes(subject, eventAt(Number.MAX_SAFE_INTEGER, 1e11, { id: 'forged' }))).toBeDefined()
    vi.setSystemTime(3_700_000)
    expect(believes(subject, eventAt(6, 3_700))).toBeDefined()
    vi.useRealTimers()
  })

  it('remembers no more accounts than max', () => {
    const believes = createEventFilter({ max: 2 })
    for (const account of ['alice', 'bob', 'carol'])
      believes(`token.refreshed.${account}`, eventAt(1, 1, { account }))
    expect(believes('token.refreshed.carol', eventAt(1, 1, { account: 'carol' }))).toBeUndefined()
    expect(believes(subject, eventAt(1, 1))).toBeDefined()
  })
})
