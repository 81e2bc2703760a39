import { LRUCache } from 'lru-cache'
import type { Msg } from 'nats'
import { z } from 'zod'
import { importReplies } from './reply-prefixes.ts'

/** The caller as far as NATS identifies it. One object per caller, so that a request costs one look-up. */
export interface Caller {
  /** The key of its token bucket; empty if the caller cannot be identified. */
  readonly id: string
  readonly perSecond: number
  /** For audit lines: a name escaped for JSON. */
  readonly who: string
  /** For audit lines: JSON text of further members, each preceded by a comma. */
  readonly details: string
}

/** A prefix that reply subjects may begin with, and the caller if nothing more is known. */
export interface ReplyPrefix {
  readonly text: string
  readonly unnamed: Caller
}

export interface Callers {
  readonly prefixes: readonly ReplyPrefix[]
  /** `prefix` is the one that the reply subject begins with. */
  of(message: Msg, prefix: ReplyPrefix): Caller
}

const header = 'Nats-Request-Info'
/** Characters; the header includes the user's `jwt` if there is one. */
const longestInfo = 16_384
const longestInbox = 256
const dot = '.'.charCodeAt(0)

/** The part of `Nats-Request-Info` that is used; `user` is there if the import has `share: true`. */
const infoSchema = z.object({ acc: z.string().min(1).max(256), user: z.string().min(1).max(256).optional() })

const unverified = ',"unverified":true'

/**
 * nats-server identifies a caller in another account by a header; such requests are recognised by a reply subject that no
 * client can choose. A caller in our own account is identified by its private inbox, which it can choose, so it counts as
 * unverified. Plain inboxes identify nobody.
 */
export function createCallers({
  perSecond,
  prefixes,
}: {
  perSecond: number
  prefixes: readonly string[]
}): Callers {
  // Keyed by the raw text: the header includes the round-trip time, so the entries of one caller vary over time.
  const known = new LRUCache<string, Caller>({
    max: 10_000,
    maxSize: 8_000_000,
    sizeCalculation: (_, text) => text.length + 1,
  })

  function remember(text: string, make: (text: string) => Caller): Caller {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    known.set(text, made)
    return made
  }

  const caller = (id: string, who: string, details: string): Caller => ({
    id,
    perSecond,
    who: JSON.stringify(who).slice(1, -1),
    details,
  })

  /** Callers with an unreadable header share one bucket, so that a damaged header does not evade the rate limit. */
  const unreadable = caller(importReplies, importReplies, unverified)

  function fromInfo(text: string): Caller {
    const info = readInfo(text)
    if (info === undefined) return unreadable
    const { acc, user } = info
    return caller(`${acc} ${user ?? ''}`, user ?? acc, `,"natsAccount":${JSON.stringify(acc)}`)
  }

  let last = unreadable
  const named = (inbox: string) => caller(inbox, inbox, unverified)

  return {
    prefixes: prefixes.map((text) => ({ text, unnamed: caller('', text, unverified) })),
    of(message, { text, unnamed }) {
      if (text === importReplies) {
        // `last`: nats-server appends its header after one that the caller may have sent.
        const info = message.headers?.last(header) ?? ''
        return info === '' || info.length > longestInfo ? unreadable : remember(info, fromInfo)
      }
      const reply = message.reply as string
      // Consecutive requests mostly come from the same caller.
      if (reply.charCodeAt(last.id.length) === dot && reply.startsWith(last.id)) return last
      const end = text.endsWith('.') ? -1 : reply.indexOf('.', text.length)
      if (end <= text.length) return unnamed
      last = remember(reply.slice(0, Math.min(end, longestInbox)), named)
      return last
    },
  }
}

function readInfo(text: string): z.output<typeof infoSchema> | undefined {
  try {
    return infoSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
