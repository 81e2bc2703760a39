import type { Msg } from 'nats'
import { describe, expect, it } from 'vitest'
import { createAdmission } from '../../src/bus/admission.ts'
import { matcherOf } from '../../src/bus/refusal-of.ts'

const isOwn = matcherOf('token.get.*')
const message = (reply: string, subject = 'token.get.alice') => ({ reply, subject }) as Msg

function watchedAdmission(options: { callerRate?: number; replyPrefixes?: string[] } = {}) {
  let now = 0
  const logged: unknown[] = []
  const refused: string[] = []
  const admission = createAdmission({
    ...options,
    onRefused: (why) => refused.push(why),
    logger: { warn: (fields: unknown) => logged.push(fields) } as never,
    timers: { elapsed: () => now },
  })
  return { admission, logged, refused, pass: (ms: number) => (now += ms) }
}

describe('a subscribed subject', () => {
  it.each([
    ['token.get.*', 'token.get.alice', true],
    ['token.get.*', 'token.get.', false],
    ['token.get.*', 'token.get', false],
    ['token.get.*', 'token.get.alice.bob', false],
    ['token.get.*', 'token.got.alice', false],
    ['account.list', 'account.list', true],
    ['account.list', 'account.list.x', false],
    ['account.list', 'token.invalid.bob', false],
  ])('%s matches %s: %s', (subscribed, subject, own) => expect(matcherOf(subscribed)(subject)).toBe(own))
})

describe('a refused message', () => {
  it('is counted, and logged once a minute per reason with the first token of its reply subject', () => {
    const { admission, logged, refused, pass } = watchedAdmission()
    for (const reply of ['token.invalid.bob', 'x'.repeat(4_000), ''])
      expect(admission.admit(message(reply), isOwn)).toBeUndefined()
    pass(59_999)
    expect(admission.admit(message('x.secret'), isOwn)).toBeUndefined()
    expect(logged).toEqual([
      { why: 'reply_subject', replyPrefix: 'token' },
      { why: 'no_reply', replyPrefix: '' },
    ])
    pass(1)
    admission.admit(message(`${'x'.repeat(4_000)}.secret`), isOwn)
    expect(logged.slice(2)).toEqual([{ why: 'reply_subject', replyPrefix: 'x'.repeat(32) }])
    expect(refused).toEqual(['reply_subject', 'reply_subject', 'no_reply', 'reply_subject', 'reply_subject'])
  })

  it('includes one that JetStream delivers with an event’s subject', () => {
    const { admission, refused } = watchedAdmission()
    expect(admission.admit(message('_INBOX.x', 'token.invalid.bob'), isOwn)).toBeUndefined()
    expect(refused).toEqual(['other_subject'])
  })
})

describe('a caller', () => {
  it('is the same object each time, so that a request from memory allocates none', () => {
    const { admission } = watchedAdmission({ replyPrefixes: ['replies.'] })
    for (const [first, second] of [
      ['_INBOX.a.1', '_INBOX.b.2'],
      ['_INBOX_bob.a.1', '_INBOX_bob.b.2'],
      ['replies.a', 'replies.b'],
    ] as [string, string][])
      expect(admission.admit(message(first), isOwn)).toBe(admission.admit(message(second), isOwn))
  })

  it('is limited by a token bucket', () => {
    const { admission, refused, pass } = watchedAdmission({ callerRate: 2 })
    const ask = (reply: string) => {
      const caller = admission.admit(message(reply), isOwn)
      return caller && admission.secondsToWait(caller)
    }
    expect([1, 2, 3].map((i) => ask(`_INBOX_bob.${i}`))).toEqual([0, 0, 1])
    pass(500)
    expect([ask('_INBOX_bob.4'), ask('_INBOX_bob.5'), ask('_INBOX_ann.1')]).toEqual([0, 1, 0])
    expect(refused).toEqual(['rate_limited', 'rate_limited'])
    expect(Array.from({ length: 9 }, (_, i) => ask(`_INBOX.x.${i}`))).toEqual(Array(9).fill(0))
  })

  it('with an unreadable Nats-Request-Info shares one bucket with all such callers', () => {
    const { admission } = watchedAdmission({ callerRate: 1 })
    const info = (text: string) => ({ code: 0, last: () => text })
    const waits = ['', '{', '{"acc":1}', '{"user":"x"}', `{"acc":"${'a'.repeat(20_000)}"}`].map((text) => {
      const caller = admission.admit({ ...message('_R_.x'), headers: info(text) } as never, isOwn)
      return caller && admission.secondsToWait(caller)
    })
    expect(waits).toEqual([0, 1, 1, 1, 1])
  })
})
