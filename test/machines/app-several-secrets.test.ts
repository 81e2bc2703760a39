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

describe('one secret of several', () => {
  const two = secretsPut({ one: null, two: null })
  const first = clientRejected({ refusedSecrets: ['one'], triesNext: true })
  const last = clientRejected({ sent: underQuestion(), refusedSecrets: ['one', 'two'] })
  it('that is refused leaves the next one to be tried by the same attempt, while the others wait', () => {
    const { after, then } = app(two).when(first)
    then({ state: 'healthy', effects: [], context: { question: { probe: 'first' } } })
    expect(admissionOf(contextOf(after), { ...another, attempt: 'first' })).toBe('send')
    expect(admissionOf(contextOf(after), another)).toEqual({ until: start + 10 * second })
  })
  it('is known to be refused once the next one works', () =>
    app(two, first)
      .when(clientAccepted('two', start, { sent: underQuestion(), refusedSecrets: ['one'] }))
      .then({
        state: 'healthy',
        context: {
          question: null,
          secrets: [secretIs('one', { rejected: true }), secretIs('two', { rejected: false })],
        },
      }))
  it('after the other: then another account is called, and it decides', () => {
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
  it('after the other: a control for each', () => {
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
  it('that was removed meanwhile says nothing', () =>
    app(two, secretsPut({ two: null }, { fresh: false }))
      .when(clientRejected({ refusedSecrets: ['one'] }))
      .thenNothing())
})
