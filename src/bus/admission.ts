import type { Msg } from 'nats'
import type { Logger } from 'pino'
import { realTimers, type Timers } from '../common/timers.ts'
import { createTokenBuckets } from '../common/token-bucket.ts'
import { type Caller, createCallers, type ReplyPrefix } from './callers.ts'
import { type Refusal, refusalOf } from './refusal-of.ts'
import { usualReplyPrefixes } from './reply-prefixes.ts'

export interface AdmissionOptions {
  /** Permitted besides inboxes and the replies of account imports. */
  readonly replyPrefixes?: readonly string[]
  /** Requests per second of each identified caller; 0 is unlimited. */
  readonly callerRate?: number
  readonly onRefused?: (why: Refusal) => void
  readonly logger?: Logger | undefined
  readonly timers?: Pick<Timers, 'elapsed'>
}

export interface Admission {
  /** The caller, or undefined if the message is not a valid request and must be neither acted on nor answered. Never throws. */
  admit(message: Msg, isOwn: (subject: string) => boolean): Caller | undefined
  /** 0, or the whole seconds after which this caller may send the next request. */
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
    logger?.warn({ why, replyPrefix: replyPrefix.slice(0, longestLogged) }, 'requests were dropped')
  }

  return {
    admit(message, isOwn) {
      const { reply } = message
      const prefix = permittedPrefix(reply)
      const why = refusalOf(message, prefix !== undefined, isOwn)
      if (prefix !== undefined && why === undefined) return callers.of(message, prefix)
      // Only the subject's first token is logged, because the rest may name an account.
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
