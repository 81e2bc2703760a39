import { describe, expect, it } from 'vitest'
import { type AppContext, type AppEvent, appMachine, isOwnRefusal, turnOf } from '../../machines/index.ts'
import { day, given, minute, second, start } from '../../src/testing/index.ts'
import {
  app,
  appDue,
  baselineLearnt,
  broken,
  clientAccepted,
  clientRejected,
  controlAnswered,
  isBlind,
  questioned,
  secretIs,
  secretsPut,
  seesSecrets,
  sent,
} from '../support/app-given.ts'

const one = secretsPut({ one: null })
const accepted = clientAccepted('one', start)
const underQuestion = (at = start) => sent(at, 'rejected')
const other = clientRejected({ grant: 'other', attempt: 'second', sent: underQuestion() })
const unproven = clientRejected({ grant: 'other', sent: underQuestion(), workedBefore: false })
const another = { attempt: 'second', grant: 'other', endpoint: 'endpoint', workedBefore: true, at: start }
const contextOf = ({ context }: { context: unknown }) => context as AppContext

describe('a refused client', () => {
  it('opens a question: another account is called, and the others wait', () => {
    const { then, after } = app(one, accepted).when(clientRejected())
    then({
      state: 'healthy',
      effects: [{ type: 'account.probe' }],
      context: { question: { grants: ['first'] } },
    })
    const context = contextOf(after)
    expect(turnOf(context, another)).toBe('ask')
    const refusedAgain = { ...another, attempt: 'first', grant: 'first' }
    expect(turnOf(context, refusedAgain)).toEqual({ until: start + 200 * second })
    expect(turnOf(context, { ...another, workedBefore: false })).toEqual({ until: start + second })
    expect(turnOf(context, { ...another, endpoint: 'elsewhere' })).toBe('go')
  })
  it('that others saw in the same moment proves nothing more', () =>
    app(one, clientRejected())
      .when(clientRejected({ grant: 'other', sent: sent(start) }))
      .thenNothing())
  it('lets one attempt out at a time, for 10 s each', () => {
    const { after } = app(one, clientRejected()).when(questioned())
    const context = contextOf(after)
    expect(turnOf(context, { ...another, attempt: 'other' })).toBe('go')
    expect(turnOf(context, { ...another, grant: 'third' })).toEqual({ until: start + 10 * second })
    app(one, clientRejected(), questioned())
      .when(questioned({ attempt: 'third', grant: 'third' }))
      .thenNothing()
    expect(turnOf(context, { ...another, grant: 'third', at: start + 10 * second })).toBe('ask')
  })
  it('is closed by a success sent after it was opened, not by one sent before', () => {
    const past = [one, accepted, clientRejected()]
    app(...past)
      .when(clientAccepted('one', start + second, { sent: sent(start) }))
      .thenNothing()
    app(...past)
      .when(clientAccepted('one', start + second, { sent: underQuestion() }))
      .then({ state: 'healthy', context: { question: null, clearedAt: start + second, lastError: null } })
  })
  it('is forgotten when nobody is refused any more', () =>
    app(one, clientRejected())
      .when(appDue(start + 30 * minute))
      .then({ state: 'healthy', effects: [], context: { question: null, clearedAt: 0 } }))
  it('of an app whose settings were changed meanwhile is no question any more', () =>
    app(one, clientRejected())
      .when(secretsPut({ one: null }, { fresh: false }))
      .then({ state: 'healthy', context: { question: null } }))
})

describe('where a control tells', () => {
  const sighted = [one, accepted, seesSecrets]
  it('it is sent once, and no account is called', () =>
    app(...sighted)
      .when(clientRejected())
      .then({
        effects: [{ type: 'control.send', question: 'rejected', secret: 'one' }],
        context: { question: { control: 'sent' }, controlAt: start },
      }))
  it('the app is broken when it is answered as with a wrong secret', () =>
    app(...sighted, clientRejected())
      .when(controlAnswered('401 invalid_client'))
      .then({
        state: 'secret-expired',
        effects: [{ type: 'app.secret-expired' }],
        context: { question: null },
      }))
  it('the app is well when it is answered as before, however many grants were refused', () => {
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
    expect(isOwnRefusal(contextOf(after), again)).toBe(true)
    expect(isOwnRefusal(contextOf(after), { ...again, refusedBefore: null })).toBe(false)
    expect(isOwnRefusal(contextOf(after), { ...again, refusedBefore: null, workedBefore: false })).toBe(true)
  })
  it('one that said nothing is sent again at each repeated refusal, until the eighth is believed', () => {
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
  it('words that accuse the client, and were not said before, break the app too', () =>
    app(...sighted, clientRejected())
      .when(controlAnswered('400 unauthorized_client', { accuses: true, reason: 'app_disabled' }))
      .then({ state: 'secret-expired', effects: [{ type: 'app.secret-expired', reason: 'app_disabled' }] }))
  it('an answer that says nothing leaves it to the accounts', () =>
    app(...sighted, clientRejected())
      .when(controlAnswered(null))
      .then({
        state: 'healthy',
        effects: [{ type: 'account.probe' }],
        context: { question: { control: 'inconclusive' } },
      }))
  it('one that never comes leaves it to them as well', () =>
    app(...sighted, clientRejected())
      .when(appDue(start + 10 * second))
      .then({ effects: [{ type: 'account.probe' }], context: { question: { control: 'inconclusive' } } }))
  it('the next is not sent within 10 minutes', () => {
    const cleared = [...sighted, clientRejected(), controlAnswered('400 invalid_grant')]
    const next = (at: number) => clientRejected({ at, grant: 'next' })
    app(...cleared)
      .when(next(start + 10 * minute - 1))
      .then({ effects: [{ type: 'account.probe' }] })
    app(...cleared)
      .when(next(start + 10 * minute))
      .then({ effects: [{ type: 'control.send' }] })
  })
  it('a second grant refused within them is no proof: the control is sent all the same', () => {
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
  it('it is sent, too, for a second grant that is refused in other words than the unknown ones of the first', () => {
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
  it('one that said nothing is sent once more for a second grant, and a third one decides', () => {
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

describe('where a control is blind', () => {
  const blind = [one, accepted, isBlind]
  it('none is sent: another account is called', () =>
    app(...blind)
      .when(clientRejected())
      .then({ effects: [{ type: 'account.probe' }] }))
  it('a second grant that is refused breaks the app', () =>
    app(...blind, clientRejected())
      .when(other)
      .then({ state: 'secret-expired', effects: [{ type: 'app.secret-expired' }] }))
  it('one that never worked does not: the next account is called', () =>
    app(...blind, clientRejected())
      .when(unproven)
      .then({ state: 'healthy', effects: [{ type: 'account.probe' }] }))
  it('one that never worked waits a second for those that have', () => {
    const { after } = app(...blind).when(clientRejected())
    const asking = { ...another, workedBefore: false }
    expect(turnOf(contextOf(after), asking)).toEqual({ until: start + second })
    expect(turnOf(contextOf(after), { ...asking, at: start + second })).toBe('ask')
  })
  it('all that are asked break it together, if one of them has worked', () => {
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
  it('one grant alone breaks it by 4 refusals over 10 minutes', () => {
    const again = (at: number) => clientRejected({ at, sent: underQuestion(at) })
    const third = [...blind, clientRejected(), again(start + 200_000), again(start + 400_000)]
    app(...third)
      .when(again(start + 10 * minute - 1))
      .then({ state: 'healthy' })
    app(...third)
      .when(again(start + 10 * minute))
      .then({ state: 'secret-expired' })
  })
  it('that nobody else can be asked does not, before that', () => {
    const absent = { type: 'witness.absent', id: 'absent', question: 'rejected' } as const
    app(...blind, clientRejected())
      .when({ ...absent, at: start + day })
      .thenNothing()
  })
})

describe('a general word', () => {
  const denied = (grant: string, at = start) =>
    clientRejected({ grant, at, accusation: 'general', reason: 'access_denied' })
  it('is the first grant’s own', () =>
    app(one, accepted)
      .when(denied('first'))
      .then({ state: 'healthy', effects: [], context: { question: null, denial: { grant: 'first' } } }))
  it('answers no question about unknown words', () => {
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
  it('opens a question at a second one', () => {
    app(one, accepted, denied('first')).when(denied('first')).thenNothing()
    app(one, accepted, denied('first'))
      .when(denied('other'))
      .then({ effects: [{ type: 'account.probe' }], context: { question: { accusation: 'general' } } })
    app(one, accepted, denied('first'))
      .when(denied('other', start + day))
      .then({ effects: [], context: { question: null } })
  })
})

describe('words nobody knows', () => {
  const earlier = { count: 3, since: start - 10 * minute }
  const unknown = clientRejected({ accusation: 'unknown', reason: 'unknown_error', earlier })
  const absent = { type: 'witness.absent', id: 'absent', at: start, question: 'rejected' } as const
  const refused = { state: 'healthy', effects: [{ type: 'app.refused', reason: 'unknown_error' }] }
  it('hold nobody up: every other account is a witness', () => {
    const { after } = app(one, accepted).when(unknown)
    expect(turnOf(contextOf(after), another)).toBe('go')
  })
  it('said to a second grant are about the app, which is told once', () => {
    const second = clientRejected({ ...other, accusation: 'unknown', reason: 'unknown_error' } as object)
    app(one, accepted, unknown)
      .when(second)
      .then({ ...refused, context: { refusedSince: start } })
    app(one, accepted, unknown, second).when(unknown).thenNothing()
  })
  it('are about the app where nobody else can be asked', () =>
    app(one, accepted, unknown).when(absent).then(refused))
  it('are over with the next success', () =>
    app(one, accepted, unknown, absent)
      .when(clientAccepted('one', start + second))
      .then({ state: 'healthy', effects: [], context: { refusedSince: null, lastError: null } }))
})

describe('one secret of several', () => {
  const two = secretsPut({ one: null, two: null })
  const first = clientRejected({ refusedSecrets: ['one'], triesNext: true })
  const last = clientRejected({ sent: underQuestion(), refusedSecrets: ['one', 'two'] })
  it('that is refused leaves the next one to be tried by the same attempt, while the others wait', () => {
    const { after, then } = app(two).when(first)
    then({ state: 'healthy', effects: [], context: { question: { probe: 'first' } } })
    expect(turnOf(contextOf(after), { ...another, attempt: 'first' })).toBe('go')
    expect(turnOf(contextOf(after), another)).toEqual({ until: start + 10 * second })
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

describe('what a made-up token is answered', () => {
  it('is learnt a moment after the client was first accepted, and again each week', () => {
    const { after } = app(one).when(accepted)
    given(appMachine, after)
      .when(appDue(start + second))
      .then({ effects: [{ type: 'baseline.learn' }], context: { baselineAt: start + second + 10 * minute } })
    app(one, accepted)
      .when(baselineLearnt('a', 'b'))
      .then({ context: { wakeAt: start + 7 * day } })
  })
  it('is learnt anew at another token endpoint', () =>
    app(one, accepted, seesSecrets)
      .when(clientAccepted('one', start, { sent: { ...sent(start), endpoint: 'elsewhere' } }))
      .then({ context: { baseline: null, baselineAt: start + second } }))
})

describe('a fault no other secret would cure', () => {
  it('blames no secret', () =>
    app(secretsPut({ one: null, two: null }), clientRejected({ reason: 'app_disabled' }))
      .when(clientRejected({ grant: 'other', sent: underQuestion(), reason: 'app_disabled' }))
      .then({
        state: 'secret-expired',
        effects: [{ type: 'app.secret-expired', reason: 'app_disabled' }],
        context: { secrets: [secretIs('one', { rejected: false }), secretIs('two', { rejected: false })] },
      }))
  it('is healed by a look that finds the app well again', () =>
    app(...broken)
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
