import type { ServerResponse } from 'node:http'
import type { FeedEvent } from '../events/event-feed.ts'
import { securityHeaders } from './security-headers.ts'

/** Bytes a reader may lag behind before it is disconnected; it reconnects by itself, and gets what it missed. */
const maxUnread = 1_048_576

export const eventStreamType = 'text/event-stream'

export interface EventStream {
  send(event: FeedEvent): void
  /** Keep-alive, with the current position. */
  beat(): void
  /** Sends the current position once it is known, so that a reader disconnected before the first event can resume. */
  begin(): void
  /** Sends missed events first, then those that arrive meanwhile. */
  after(missed: Promise<{ readonly events: readonly FeedEvent[]; readonly gap: boolean }>): Promise<void>
}

/** Sends server-sent events (HTML §9.2) to one reader. */
export function createEventStream(raw: ServerResponse, position: () => string | undefined): EventStream {
  let lastSent = ''
  /** Events that arrive while the missed ones are still being sent. */
  let waiting: string[] | undefined
  let held = 0

  function write(text: string): void {
    raw.write(text)
    if (raw.writableLength > maxUnread) raw.destroy()
  }

  function idLine(): string {
    const at = position()
    if (at === undefined || at === lastSent) return ''
    lastSent = at
    return `id: ${at}\n`
  }

  const block = ({ type, body }: Pick<FeedEvent, 'type' | 'body'>) => `event: ${type}\ndata: ${body}\n\n`

  raw.writeHead(200, { ...securityHeaders, 'content-type': eventStreamType })
  raw.write('retry: 2000\n\n')

  return {
    send(event) {
      if (waiting === undefined) {
        write(idLine() + block(event))
      } else {
        waiting.push(block(event))
        held += event.body.length
        if (held > maxUnread) raw.destroy()
      }
    },
    beat() {
      write(waiting === undefined ? `${idLine() || ':\n'}\n` : ':\n\n')
    },
    begin() {
      if (lastSent !== '' || waiting !== undefined) return
      const id = idLine()
      if (id !== '') write(`${id}\n`)
    },
    async after(missed) {
      waiting = []
      const { events, gap } = await missed
      if (gap) write('event: gap\ndata: {}\n\n')
      for (const event of events) {
        if (raw.destroyed) return
        if (!raw.write(block(event))) await drained(raw)
      }
      for (const text of waiting) write(text)
      waiting = undefined
    },
  }
}

const patience = 10_000

/** A reader that stalls for longer is disconnected. */
function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => raw.destroy(), patience)
    const done = () => {
      clearTimeout(timer)
      raw.off('drain', done).off('close', done)
      resolve()
    }
    raw.once('drain', done).once('close', done)
  })
}
