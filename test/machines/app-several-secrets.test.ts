import { describe, expect, it } from 'vitest'
import { admissionOf } from '../../machines/index.ts'
import { second, start } from '../../src/testing/index.ts'
import {
  app,
  clientAccepted,
  clientRejected,
  controlAnswered,
  secretIs,
  secretsPut,
  seesSecrets,
} from '../support/app-given.ts'
import { another, contextOf, underQuestion } from './app-doubt.ts'

describe('one of several secrets', () => {
  const two = secretsPut({ one: null, two: null })
  const first = clientRejected({ refusedSecrets: ['one'], triesNext: true })
  const last = clientRejected({ sent: underQuestion(), refusedSecrets: ['one', 'two'] })
  it('that is refused makes the same attempt try the next one, while other attempts wait', () => {
    const { after, then } = app(two).when(first)
    then({ state: 'healthy', effects: [], context: { question: { probe: 'first' } } })
    expect(admissionOf(contextOf(after), { ...another, attempt: 'first' })).toBe('send')
    expect(admissionOf(contextOf(after), another)).toEqual({ until: start + 10 * second })
  })
  it('is marked as rejected once the next one is accepted', () =>
    app(two, first)
      .when(clientAccepted('two', start, { sent: underQuestion(), refusedSecrets: ['one'] }))
      .then({
        state: 'healthy',
        context: {
          question: null,
          secrets: [secretIs('one', { rejected: true }), secretIs('two', { rejected: false })],
        },
      }))
  it('refused like the others makes another account be probed, which decides', () => {
    app(two, first)
      .when(last)
      .then({ state: 'healthy', effects: [{ type: 'account.probe' }] })
    app(two, first, last)
      .when(clientRejected({ grant: 'other', sent: underQuestion(), refusedSecrets: ['one', 'two'] }))
      .then({
        state: 'secret-expired',
        context: { secrets: [secretIs('one', { rejected: true }), secretIs('two', { rejected: true })] },
      })
  })
  it('that was not tried with the first grant yet may be good, though another grant is refused with all', () => {
    const other = clientRejected({
      grant: 'other',
      sent: underQuestion(),
      refusedSecrets: ['one', 'two'],
    })
    const { after, then } = app(two, first).when(other)
    then({ state: 'healthy' })
    expect(admissionOf(contextOf(after), { ...another, grant: 'other', at: start + 20 * second })).toEqual({
      until: start + 200 * second,
    })
    app(two, first, other).when(last).then({ state: 'secret-expired' })
  })
  it('refused like the others is checked by a control each', () => {
    const past = [two, clientAccepted('one', start), seesSecrets, first, last]
    app(...past)
      .when(controlAnswered('401 invalid_client'))
      .then({ state: 'healthy', effects: [{ type: 'control.send', secret: 'two' }] })
    const once = [...past, controlAnswered('401 invalid_client')]
    app(...once)
      .when(controlAnswered('401 invalid_client', { secret: 'two' }))
      .then({ state: 'secret-expired' })
    app(...once)
      .when(controlAnswered('400 invalid_grant', { secret: 'two' }))
      .then({
        state: 'healthy',
        context: { secrets: [secretIs('one', { rejected: true }), secretIs('two', { rejected: false })] },
      })
  })
  it('that was removed since is no evidence', () =>
    app(two, secretsPut({ two: null }, { fresh: false }))
      .when(clientRejected({ refusedSecrets: ['one'] }))
      .thenNothing())
})
