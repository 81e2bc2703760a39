import { describe, expect, it } from 'vitest'
import { admissionOf } from '../../machines/index.ts'
import { day, minute, second, start } from '../../src/testing/index.ts'
import {
  app,
  appDue,
  clientAccepted,
  clientRejected,
  isBlind,
  questioned,
  secretsPut,
  seesSecrets,
  sent,
} from '../support/app-given.ts'
import { accepted, another, contextOf, one, other, underQuestion, unproven } from './app-doubt.ts'

describe('a refusal that names the client', () => {
  it('makes the circuit half-open: another account is probed, and the others wait', () => {
    const { then, after } = app(one, accepted).when(clientRejected())
    then({
      state: 'healthy',
      effects: [{ type: 'account.probe' }],
      context: { question: { grants: ['first'] } },
    })
    const context = contextOf(after)
    expect(admissionOf(context, another)).toBe('probe')
    const refusedAgain = { ...another, attempt: 'first', grant: 'first' }
    expect(admissionOf(context, refusedAgain)).toEqual({ until: start + 200 * second })
    expect(admissionOf(context, { ...another, workedBefore: false })).toEqual({ until: start + second })
    expect(admissionOf(context, { ...another, endpoint: 'elsewhere' })).toBe('send')
  })
  it('of a request sent before the circuit was half-open is no further evidence', () =>
    app(one, clientRejected())
      .when(clientRejected({ grant: 'other', sent: sent(start) }))
      .thenNothing())
  it('admits one probe at a time, for 10 s each', () => {
    const { after } = app(one, clientRejected()).when(questioned())
    const context = contextOf(after)
    expect(admissionOf(context, { ...another, attempt: 'other' })).toBe('send')
    expect(admissionOf(context, { ...another, grant: 'third' })).toEqual({ until: start + 10 * second })
    app(one, clientRejected(), questioned())
      .when(questioned({ attempt: 'third', grant: 'third' }))
      .thenNothing()
    expect(admissionOf(context, { ...another, grant: 'third', at: start + 10 * second })).toBe('probe')
  })
  it('is outweighed by a success sent after it, not by one sent before', () => {
    const past = [one, accepted, clientRejected()]
    app(...past)
      .when(clientAccepted('one', start + second, { sent: sent(start) }))
      .thenNothing()
    app(...past)
      .when(clientAccepted('one', start + second, { sent: underQuestion() }))
      .then({ state: 'healthy', context: { question: null, clearedAt: start + second, lastError: null } })
  })
  it('expires after 30 minutes without another refusal', () =>
    app(one, clientRejected())
      .when(appDue(start + 30 * minute))
      .then({ state: 'healthy', effects: [], context: { question: null, clearedAt: 0 } }))
  it('is dropped when the app’s settings are changed', () =>
    app(one, clientRejected())
      .when(secretsPut({ one: null }, { fresh: false }))
      .then({ state: 'healthy', context: { question: null } }))
})

describe('a general error code', () => {
  const denied = (grant: string, at = start) =>
    clientRejected({ grant, at, accusation: 'general', reason: 'access_denied' })
  it('concerns the first grant only', () =>
    app(one, accepted)
      .when(denied('first'))
      .then({ state: 'healthy', effects: [], context: { question: null, denial: { grant: 'first' } } }))
  it('is no evidence in a question about unknown error codes', () => {
    const unknown = clientRejected({
      accusation: 'unknown',
      earlier: { count: 3, since: start - 10 * minute },
    })
    app(one, accepted, isBlind, unknown)
      .when(clientRejected({ grant: 'other', accusation: 'general', sent: underQuestion() }))
      .then({
        state: 'healthy',
        context: { question: { accusation: 'unknown', grants: ['first'] }, denial: { grant: 'other' } },
      })
  })
  it('makes the circuit half-open for a second grant', () => {
    app(one, accepted, denied('first')).when(denied('first')).thenNothing()
    app(one, accepted, denied('first'))
      .when(denied('other'))
      .then({ effects: [{ type: 'account.probe' }], context: { question: { accusation: 'general' } } })
    app(one, accepted, denied('first'))
      .when(denied('other', start + day))
      .then({ effects: [], context: { question: null } })
  })
})

describe('an unknown error code', () => {
  const earlier = { count: 3, since: start - 10 * minute }
  const unknown = clientRejected({ accusation: 'unknown', reason: 'unknown_error', earlier })
  const absent = { type: 'witness.absent', id: 'absent', at: start, question: 'rejected' } as const
  const refused = { state: 'healthy', effects: [{ type: 'app.refused', reason: 'unknown_error' }] }
  it('delays no other account', () => {
    const { after } = app(one, accepted).when(unknown)
    expect(admissionOf(contextOf(after), another)).toBe('send')
  })
  it('for a second grant concerns the app, and is announced once', () => {
    const second = clientRejected({ ...other, accusation: 'unknown', reason: 'unknown_error' } as object)
    app(one, accepted, unknown)
      .when(second)
      .then({ ...refused, context: { refusedSince: start } })
    app(one, accepted, unknown, second).when(unknown).thenNothing()
  })
  it('concerns the app if no other account can be probed', () =>
    app(one, accepted, unknown).when(absent).then(refused))
  it('however often repeated does not open the circuit at a refusal of the client, if a control can tell', () => {
    const often = { count: 8, since: start - 15 * minute }
    const repeated = clientRejected({ accusation: 'unknown', reason: 'unknown_error', earlier: often })
    app(one, accepted, seesSecrets, repeated)
      .when(unproven)
      .then({
        state: 'healthy',
        effects: [{ type: 'control.send' }],
        context: { question: { accusation: 'client', control: 'sent' } },
      })
    app(one, accepted, isBlind, repeated).when(unproven).then({ state: 'secret-expired' })
  })
  it('is cleared by the next success', () =>
    app(one, accepted, unknown, absent)
      .when(clientAccepted('one', start + second))
      .then({ state: 'healthy', effects: [], context: { refusedSince: null, lastError: null } }))
})
