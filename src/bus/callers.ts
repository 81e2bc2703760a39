import { LRUCache } from 'lru-cache'
import type { Msg } from 'nats'
import { z } from 'zod'
import { importReplies } from './reply-prefixes.ts'

/** Who asks, as far as NATS tells. The same object for the same caller, so that a request costs a look-up. */
export interface Caller {
  /** Of its token bucket; empty where nobody in particular can be named. */
  readonly id: string
  readonly perSecond: number
  /** Of an audit line: text that is escaped for JSON, and what else there is to say, each member with a comma before it. */
  readonly who: string
  readonly details: string
}

/** What replies may begin with, and who asks where it says no more. */
export interface ReplyPrefix {
  readonly text: string
  readonly unnamed: Caller
}

export interface Callers {
  /** Those that replies may begin with. */
  readonly prefixes: readonly ReplyPrefix[]
  /** `prefix` is the one that the reply begins with. */
  of(message: Msg, prefix: ReplyPrefix): Caller
}

const header = 'Nats-Request-Info'
/** `jwt` among it, where users have one. */
const longestInfo = 16_384
const longestInbox = 256
const dot = '.'.charCodeAt(0)

/** Of what nats-server says about a caller in another account; `user` where the import has `share: true`. */
const infoSchema = z.object({ acc: z.string().min(1).max(256), user: z.string().min(1).max(256).optional() })

const unverified = ',"unverified":true'

/**
 * A caller in another account is named by nats-server, which lets no client choose a reply like those it makes for
 * imports; one in our own by its inbox, which it does choose. Plain inboxes are everybody's.
 */
export function createCallers({
  perSecond,
  prefixes,
}: {
  perSecond: number
  prefixes: readonly string[]
}): Callers {
  // By the text that names them: the server's JSON changes with the connection's round-trip time.
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

  /** Those that cannot be told apart share a bucket: a header made unreadable is no way around the limit. */
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
        // nats-server adds its own below one that the caller sent along.
        const info = message.headers?.last(header) ?? ''
        return info === '' || info.length > longestInfo ? unreadable : remember(info, fromInfo)
      }
      const reply = message.reply as string
      // Who asks much asks in a row.
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
