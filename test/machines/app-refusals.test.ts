import { describe, expect, it } from 'vitest'
import { appMachine, isSuspended, isUnanswered } from '../../machines/index.ts'
import { given, minute, second, start } from '../../src/testing/index.ts'
import {
  app,
  appDue,
  broken,
  clientAccepted,
  clientRejected,
  secretIs,
  secretsPut,
} from '../support/app-given.ts'

const disabled = clientRejected({ secret: null, reason: 'app_disabled' })

describe('a refused client', () => {
  it('is evidence: who saw it asks once more, the others wait', () => {
    const { then, after } = app(secretsPut({ one: null })).when(clientRejected())
    then({ state: 'healthy', effects: [], context: { suspicion: { attempt: 'first', asks: 'again' } } })
    const context = after.context as never
    expect(isSuspended(context, { attempt: 'first', at: start })).toBe(false)
    expect(isSuspended(context, { attempt: 'other', at: start })).toBe(true)
  })
  it('that others saw in the same moment proves nothing more', () =>
    app(secretsPut({ one: null }), clientRejected())
      .when(clientRejected({ attempt: 'other' }))
      .thenNothing())
  it('is given up when it is refused again, and that is told with the reason', () =>
    app(secretsPut({ one: null }), clientRejected())
      .when(clientRejected({ reason: 'client_secret_expired' }))
      .then({
        state: 'secret-expired',
        effects: [{ type: 'app.secret-expired', reason: 'client_secret_expired' }],
        context: {
          suspicion: null,
          wakeAt: start + 5 * minute,
          secrets: [secretIs('one', { rejected: true })],
        },
      }))
  it('is well when it is taken the second time', () =>
    app(secretsPut({ one: null }), clientRejected())
      .when(clientAccepted('one', start))
      .then({
        state: 'healthy',
        effects: [],
        context: { suspicion: null, lastError: null, secrets: [secretIs('one', { rejected: false })] },
      }))
  it('is asked about by another attempt when the first has not come back', () => {
    const { before } = app(secretsPut({ one: null }), clientRejected())
    const later = start + 10 * second
    expect(isUnanswered(before.context as never, { attempt: 'other', at: later - 1 })).toBe(false)
    expect(isUnanswered(before.context as never, { attempt: 'other', at: later })).toBe(true)
    const question = { type: 'client.questioned', id: 'q', at: later, attempt: 'other' } as const
    const asked = app(secretsPut({ one: null }), clientRejected(), question)
    asked.when({ ...question, attempt: 'third' }).thenNothing()
    asked.when(clientRejected({ attempt: 'first', at: later })).thenNothing()
    asked.when(clientRejected({ attempt: 'other', at: later })).then({ state: 'secret-expired' })
  })
})

describe('one secret of several', () => {
  const two = secretsPut({ one: null, two: null })
  it('that is refused leaves the next one to be tried, while the others wait', () =>
    app(two)
      .when(clientRejected())
      .then({
        state: 'healthy',
        context: {
          suspicion: { asks: 'next' },
          secrets: [secretIs('one', { rejected: true }), secretIs('two', { rejected: false })],
        },
      }))
  it('stays refused when the next one works', () =>
    app(two, clientRejected())
      .when(clientAccepted('two', start))
      .then({
        state: 'healthy',
        context: {
          suspicion: null,
          secrets: [secretIs('one', { rejected: true }), secretIs('two', { rejected: false })],
        },
      }))
  it('after the other: the last is asked once more before the app is given up', () => {
    const second = clientRejected({ secret: 'two' })
    app(two, clientRejected())
      .when(second)
      .then({ state: 'healthy', context: { suspicion: { asks: 'again' } } })
    app(two, clientRejected(), second).when(second).then({ state: 'secret-expired' })
  })
  it('that was removed meanwhile says nothing', () =>
    app(two, secretsPut({ two: null }, { fresh: false }))
      .when(clientRejected({ secret: 'one' }))
      .thenNothing())
})

describe('a fault no other secret would cure', () => {
  it('moves the app as well, once confirmed, and blames no secret', () => {
    const two = secretsPut({ one: null, two: null })
    app(two)
      .when(disabled)
      .then({ state: 'healthy', context: { suspicion: { asks: 'again' } } })
    app(two, disabled)
      .when(disabled)
      .then({
        state: 'secret-expired',
        effects: [{ type: 'app.secret-expired', reason: 'app_disabled' }],
        context: { secrets: [secretIs('one', { rejected: false }), secretIs('two', { rejected: false })] },
      })
  })
  it('is healed by a look that finds the app well again', () =>
    app(secretsPut({ one: null }), disabled, disabled)
      .when(clientAccepted('one', start + minute))
      .then({ state: 'healthy', effects: [{ type: 'app.secret-restored' }, { type: 'accounts.wake' }] }))
})

describe('a broken app', () => {
  it('has one account look, ever more slowly, hourly at last', () => {
    const times = Array.from({ length: 7 }, () => 0)
    let past = app(...broken).before
    for (const i of times.keys()) {
      times[i] = (past.context as { wakeAt: number }).wakeAt
      const { after, then } = given(appMachine, past).when(appDue(times[i] as number))
      then({ state: 'secret-expired', effects: [{ type: 'account.probe' }] })
      past = after
    }
    const gaps = times.map((time, i) => (time - (times[i - 1] ?? start)) / minute)
    expect(gaps).toEqual([5, 10, 20, 40, 60, 60, 60])
  })
  it('wakes its accounts for a fresh secret, also under an old name, and for one only', () => {
    app(...broken)
      .when(secretsPut({ one: null }, { at: start + minute }))
      .then({
        state: 'healthy',
        effects: [{ type: 'app.secret-restored' }, { type: 'accounts.wake' }],
        context: { waking: true, probeAt: null, secrets: [secretIs('one', { rejected: false })] },
      })
    app(...broken, secretsPut({ one: null, two: null }, { at: start + minute }))
      .when({ type: 'accounts.woken', id: 'w', at: start + minute })
      .then({ state: 'healthy', context: { waking: false, wakeAt: null } })
  })
  it('wakes them again where the node that did so has died', () => {
    const { after } = app(...broken).when(secretsPut({ two: null }, { at: start + minute }))
    const { wakeAt } = after.context as { wakeAt: number }
    given(appMachine, after)
      .when(appDue(wakeAt))
      .then({ effects: [{ type: 'accounts.wake' }], context: { waking: true } })
  })
  it('has one account look at once when an operator changed anything else', () => {
    const changed = secretsPut({ one: null }, { at: start + minute, fresh: false })
    app(...broken)
      .when(changed)
      .then({ state: 'secret-expired', effects: [], context: { wakeAt: start + minute } })
    app(...broken, changed)
      .when(appDue(start + minute))
      .then({ effects: [{ type: 'account.probe' }] })
  })
})
