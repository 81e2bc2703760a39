import { describe, expect, it } from 'vitest'
import { type AppEvent, admissionOf, appMachine, isGrantOnly } from '../../machines/index.ts'
import { day, given, minute, second, start } from '../../src/testing/index.ts'
import {
  app,
  appDue,
  baselineLearnt,
  clientAccepted,
  clientRejected,
  controlAnswered,
  isBlind,
  seesSecrets,
  sent,
} from '../support/app-given.ts'
import { accepted, another, contextOf, one, other, underQuestion, unproven } from './app-doubt.ts'

describe('with a conclusive baseline', () => {
  const sighted = [one, accepted, seesSecrets]
  it('a control is sent once, and no account is probed', () =>
    app(...sighted)
      .when(clientRejected())
      .then({
        effects: [{ type: 'control.send', question: 'rejected', secret: 'one' }],
        context: { question: { control: 'sent' }, controlAt: start },
      }))
  it('an answer equal to that of a wrong secret opens the circuit', () =>
    app(...sighted, clientRejected())
      .when(controlAnswered('401 invalid_client'))
      .then({
        state: 'secret-expired',
        effects: [{ type: 'app.secret-expired' }],
        context: { question: null },
      }))
  it('an answer equal to that of the right secret closes the circuit, however many grants were refused', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f'].map((grant) =>
      clientRejected({ grant, sent: underQuestion() }),
    )
    const { after, then } = app(...sighted, clientRejected(), ...many).when(
      controlAnswered('400 invalid_grant'),
    )
    then({ state: 'healthy', effects: [], context: { question: null, clearedAt: start } })
    const again = {
      at: start + 2,
      accusation: 'client',
      workedBefore: true,
      refusedBefore: start - 1,
    } as const
    expect(isGrantOnly(contextOf(after), again)).toBe(true)
    expect(isGrantOnly(contextOf(after), { ...again, refusedBefore: null })).toBe(false)
    expect(isGrantOnly(contextOf(after), { ...again, refusedBefore: null, workedBefore: false })).toBe(true)
  })
  it('an inconclusive control is repeated at each further refusal, until the eighth opens the circuit', () => {
    const again = (n: number) => clientRejected({ at: start + n * 5 * minute, sent: underQuestion() })
    const silent = controlAnswered(null)
    const past = [...sighted, clientRejected(), silent, again(0), again(1)]
    for (let n = 2; n <= 5; n++) {
      app(...past)
        .when(again(n))
        .then({ state: 'healthy', effects: [{ type: 'control.send' }] })
      past.push(again(n), silent)
    }
    app(...past)
      .when(again(6))
      .then({ state: 'secret-expired' })
  })
  it('a new error code that names the client opens the circuit too', () =>
    app(...sighted, clientRejected())
      .when(controlAnswered('400 unauthorized_client', { accuses: true, reason: 'app_disabled' }))
      .then({ state: 'secret-expired', effects: [{ type: 'app.secret-expired', reason: 'app_disabled' }] }))
  it('an inconclusive answer makes an account be probed', () =>
    app(...sighted, clientRejected())
      .when(controlAnswered(null))
      .then({
        state: 'healthy',
        effects: [{ type: 'account.probe' }],
        context: { question: { control: 'inconclusive' } },
      }))
  it('a control without an answer makes an account be probed too', () =>
    app(...sighted, clientRejected())
      .when(appDue(start + 10 * second))
      .then({ effects: [{ type: 'account.probe' }], context: { question: { control: 'inconclusive' } } }))
  it('the next control is not sent within 10 minutes', () => {
    const cleared = [...sighted, clientRejected(), controlAnswered('400 invalid_grant')]
    const next = (at: number) => clientRejected({ at, grant: 'next' })
    app(...cleared)
      .when(next(start + 10 * minute - 1))
      .then({ effects: [{ type: 'account.probe' }] })
    app(...cleared)
      .when(next(start + 10 * minute))
      .then({ effects: [{ type: 'control.send' }] })
  })
  it('a second refused grant within them causes a control, and does not open the circuit', () => {
    const again = { at: start + second, grant: 'next', id: 'again' }
    const cleared = [
      ...sighted,
      clientRejected(),
      controlAnswered('400 invalid_grant'),
      clientRejected(again),
    ]
    app(...cleared)
      .when(clientRejected({ grant: 'other', at: start + 2 * second, sent: sent(start + second, 'again') }))
      .then({ state: 'healthy', effects: [{ type: 'control.send', question: 'again', secret: 'one' }] })
  })
  it('a control is sent if a second grant is refused with a known error code after an unknown one', () => {
    const unknown = clientRejected({
      accusation: 'unknown',
      earlier: { count: 3, since: start - 10 * minute },
    })
    app(...sighted, unknown)
      .when(clientRejected({ grant: 'other', sent: underQuestion() }))
      .then({
        state: 'healthy',
        effects: [{ type: 'control.send' }],
        context: { question: { accusation: 'client' } },
      })
  })
  it('an inconclusive control is repeated for a second refused grant, and a third opens the circuit', () => {
    const silent = [...sighted, clientRejected(), controlAnswered(null)]
    app(...silent)
      .when(other)
      .then({ state: 'healthy', effects: [{ type: 'control.send', secret: 'one' }] })
    app(...silent, other)
      .when(controlAnswered('400 invalid_grant'))
      .then({ state: 'healthy', context: { question: null } })
    app(...silent, other, controlAnswered(null))
      .when(clientRejected({ grant: 'third', sent: underQuestion() }))
      .then({ state: 'secret-expired' })
  })
})

describe('with an inconclusive baseline', () => {
  const blind = [one, accepted, isBlind]
  it('no control is sent, and another account is probed', () =>
    app(...blind)
      .when(clientRejected())
      .then({ effects: [{ type: 'account.probe' }] }))
  it('a second refused grant opens the circuit', () =>
    app(...blind, clientRejected())
      .when(other)
      .then({ state: 'secret-expired', effects: [{ type: 'app.secret-expired' }] }))
  it('a second refused grant that never worked makes the next account be probed', () =>
    app(...blind, clientRejected())
      .when(unproven)
      .then({ state: 'healthy', effects: [{ type: 'account.probe' }] }))
  it('a grant that never worked becomes the probe only after a second', () => {
    const { after } = app(...blind).when(clientRejected())
    const asking = { ...another, workedBefore: false }
    expect(admissionOf(contextOf(after), asking)).toEqual({ until: start + second })
    expect(admissionOf(contextOf(after), { ...asking, at: start + second })).toBe('probe')
  })
  it('refusals of all probed grants open the circuit if one of them has worked before', () => {
    const absent = { type: 'witness.absent', id: 'absent', at: start, question: 'rejected' } as const
    const told = (allRefused: boolean, ...refused: AppEvent[]) =>
      app(...blind, ...refused).when({ ...absent, allRefused })
    told(true, clientRejected(), unproven).then({
      state: 'secret-expired',
      effects: [{ type: 'app.secret-expired' }],
    })
    told(false, clientRejected(), unproven).thenNothing()
    told(true, clientRejected()).thenNothing()
    told(true, clientRejected({ workedBefore: false }), unproven).thenNothing()
  })
  it('4 refusals of one grant over 10 minutes open the circuit', () => {
    const again = (at: number) => clientRejected({ at, sent: underQuestion(at) })
    const third = [...blind, clientRejected(), again(start + 200_000), again(start + 400_000)]
    app(...third)
      .when(again(start + 10 * minute - 1))
      .then({ state: 'healthy' })
    app(...third)
      .when(again(start + 10 * minute))
      .then({ state: 'secret-expired' })
  })
  it('the lack of another account to probe does not open it earlier', () => {
    const absent = { type: 'witness.absent', id: 'absent', question: 'rejected' } as const
    app(...blind, clientRejected())
      .when({ ...absent, at: start + day })
      .thenNothing()
  })
})

describe('the baseline', () => {
  it('is learnt a second after the client was first accepted, and again each week', () => {
    const { after } = app(one).when(accepted)
    given(appMachine, after)
      .when(appDue(start + second))
      .then({ effects: [{ type: 'baseline.learn' }], context: { baselineAt: start + second + 10 * minute } })
    app(one, accepted)
      .when(baselineLearnt('a', 'b'))
      .then({ context: { wakeAt: start + 7 * day } })
  })
  it('is learnt again for another token endpoint', () =>
    app(one, accepted, seesSecrets)
      .when(clientAccepted('one', start, { sent: { ...sent(start), endpoint: 'elsewhere' } }))
      .then({ context: { baseline: null, baselineAt: start + second } }))
})
