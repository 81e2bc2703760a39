import { describe, expect, it } from 'vitest'
import { appMachine } from '../../machines/index.ts'
import { given, minute, start } from '../../src/testing/index.ts'
import {
  app,
  appDue,
  broken,
  clientAccepted,
  clientRejected,
  secretIs,
  secretsPut,
} from '../support/app-given.ts'
import { underQuestion } from './app-doubt.ts'

describe('a refusal that no other secret would change', () => {
  it('marks no secret as rejected', () =>
    app(secretsPut({ one: null, two: null }), clientRejected({ reason: 'app_disabled' }))
      .when(clientRejected({ grant: 'other', sent: underQuestion(), reason: 'app_disabled' }))
      .then({
        state: 'secret-expired',
        effects: [{ type: 'app.secret-expired', reason: 'app_disabled' }],
        context: { secrets: [secretIs('one', { rejected: false }), secretIs('two', { rejected: false })] },
      }))
  it('ends with the first accepted probe', () =>
    app(...broken)
      .when(clientAccepted('one', start + minute))
      .then({ state: 'healthy', effects: [{ type: 'app.secret-restored' }, { type: 'accounts.wake' }] }))
})

describe('an app with an open circuit', () => {
  it('is probed by one account with exponential backoff up to an hour', () => {
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
  it('wakes its accounts for a new secret only, also one that replaces another under the same id', () => {
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
  it('wakes them again if the node that did so crashed', () => {
    const { after } = app(...broken).when(secretsPut({ two: null }, { at: start + minute }))
    const { wakeAt } = after.context as { wakeAt: number }
    given(appMachine, after)
      .when(appDue(wakeAt))
      .then({ effects: [{ type: 'accounts.wake' }], context: { waking: true } })
  })
  it('is probed at once after any other change by an operator', () => {
    const changed = secretsPut({ one: null }, { at: start + minute, fresh: false })
    app(...broken)
      .when(changed)
      .then({ state: 'secret-expired', effects: [], context: { wakeAt: start + minute } })
    app(...broken, changed)
      .when(appDue(start + minute))
      .then({ effects: [{ type: 'account.probe' }] })
  })
})
