import type { Msg } from 'nats'
import type { Logger } from 'pino'
import { realTimers, type Timers } from '../common/timers.ts'
import { createTokenBuckets } from '../common/token-bucket.ts'
import { type Caller, createCallers, type ReplyPrefix } from './callers.ts'
import { type Refusal, refusalOf } from './refusal-of.ts'
import { usualReplyPrefixes } from './reply-prefixes.ts'

export interface AdmissionOptions {
  /** Beside inboxes and account imports. */
  readonly replyPrefixes?: readonly string[]
  /** Requests per second of one caller that can be named; 0 is as many as it likes. */
  readonly callerRate?: number
  readonly onRefused?: (why: Refusal) => void
  readonly logger?: Logger | undefined
  readonly timers?: Pick<Timers, 'elapsed'>
}

export interface Admission {
  /** Who asks, or undefined if this is no request: then it is neither acted on nor answered. Never throws. */
  admit(message: Msg, isOwn: (subject: string) => boolean): Caller | undefined
  /** 0, or the whole seconds after which this caller may ask again. */
  secondsToWait(caller: Caller): number
}

const logAgainAfter = 60_000
const longestLogged = 32

export function createAdmission(options: AdmissionOptions): Admission {
  const { callerRate = 0, onRefused, logger, timers = realTimers } = options
  const callers = createCallers({
    perSecond: callerRate,
    prefixes: [...usualReplyPrefixes, ...(options.replyPrefixes ?? [])],
  })
  const buckets = createTokenBuckets(timers)
  const logged = new Map<Refusal, number>()

  function permittedPrefix(reply: string | undefined): ReplyPrefix | undefined {
    if (reply === undefined) return undefined
    for (const prefix of callers.prefixes) if (reply.startsWith(prefix.text)) return prefix
    return undefined
  }

  function refuse(why: Refusal, replyPrefix: string): void {
    onRefused?.(why)
    const now = timers.elapsed()
    if (now - (logged.get(why) ?? Number.NEGATIVE_INFINITY) < logAgainAfter) return
    logged.set(why, now)
    logger?.warn({ why, replyPrefix: replyPrefix.slice(0, longestLogged) }, 'requests are refused')
  }

  return {
    admit(message, isOwn) {
      const { reply } = message
      const prefix = permittedPrefix(reply)
      const why = refusalOf(message, prefix !== undefined, isOwn)
      if (prefix !== undefined && why === undefined) return callers.of(message, prefix)
      // No more than the first token: the rest of a subject may name an account.
      refuse(why as Refusal, (reply ?? '').split('.', 1)[0] as string)
      return undefined
    },
    secondsToWait(caller) {
      if (callerRate === 0 || caller.id === '') return 0
      const seconds = buckets.take(caller)
      if (seconds > 0) refuse('rate_limited', caller.who)
      return seconds
    },
  }
}
