import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type Dispatcher } from 'undici'
import { guardedConnector, type Resolve } from './guarded-connector.ts'
import type { OutgoingProxies } from './outgoing-proxies.ts'

export interface HttpRequest {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly timing: Timing
}

/** Milliseconds from the start: until the request must be sent, and until the answer is given up. */
export interface Timing {
  readonly connectMs: number
  readonly answerMs: number
  /** Called right before the request is written, the last moment at which it can be cancelled. */
  readonly stillWanted?: () => boolean
}

/** The result of a request. `code` is the errno or the name of the error. */
export type Exchange =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly body: Buffer
    }
  /** The status line was received, but not the whole body. */
  | {
      readonly kind: 'cut'
      readonly status: number
      readonly headers: IncomingHttpHeaders
      readonly code: string
    }
  /** The request was sent, and nothing was received. */
  | { readonly kind: 'lost'; readonly code: string }
  | { readonly kind: 'unsent'; readonly code: string }

export interface Http {
  /** Never rejects. Follows no redirect, repeats nothing. */
  send(request: HttpRequest): Promise<Exchange>
  /** Waits for answers in flight. */
  close(): Promise<void>
}

const bodyLimit = 1_048_576
const connectionsPerOrigin = 256
const connectTimeout = 10_000
/** A socket the other side has just closed turns a refresh into one of unknown outcome, so few are kept and briefly. */
const idleSocketLife = 1_000

export interface HttpOptions {
  /** Also connect to loopback and private addresses, and over plain http. */
  readonly allowPrivate: boolean
  readonly proxies?: OutgoingProxies
  /** The resolver of names; the system's by default. */
  readonly resolve?: Resolve
}

export function createHttp(options: HttpOptions): Http {
  const agent = new Agent({
    connect: guardedConnector({ ...options, timeout: connectTimeout }),
    connections: connectionsPerOrigin,
    pipelining: 1,
    keepAliveTimeout: idleSocketLife,
    keepAliveMaxTimeout: idleSocketLife,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  let inFlight = 0
  let onLast: (() => void) | undefined
  let closing: Promise<void> | undefined

  function send(request: HttpRequest): Promise<Exchange> {
    if (closing !== undefined) return Promise.resolve({ kind: 'unsent', code: 'closed' })
    inFlight += 1
    return new Promise((resolve) => {
      const done = (outcome: Exchange) => {
        inFlight -= 1
        if (inFlight === 0) onLast?.()
        resolve(outcome)
      }
      exchange({ agent, request, resolve: done })
    })
  }

  async function drain(): Promise<void> {
    if (inFlight > 0) {
      await new Promise<void>((resolve) => {
        onLast = resolve
      })
    }
    await agent.destroy()
  }

  return {
    send,
    close() {
      closing ??= drain()
      return closing
    },
  }
}

interface Exchanging {
  readonly agent: Agent
  readonly request: HttpRequest
  resolve(exchange: Exchange): void
}

function exchange({ agent, request, resolve }: Exchanging): void {
  const { url, method, headers, body, timing } = request
  const startedAt = performance.now()
  let controller: Dispatcher.DispatchController | undefined
  let head: { status: number; headers: IncomingHttpHeaders } | undefined
  let settled = false
  let size = 0
  const chunks: Buffer[] = []

  function settle(outcome: Exchange): void {
    if (settled) return
    settled = true
    clearTimeout(timer)
    resolve(outcome)
  }

  function fail(code: string): void {
    if (head !== undefined) settle({ kind: 'cut', ...head, code })
    else settle({ kind: controller === undefined ? 'unsent' : 'lost', code })
  }

  function giveUp(code: string): void {
    fail(code)
    controller?.abort(new Error(code))
  }

  let timer = setTimeout(giveUp, timing.connectMs, 'connect_timeout')
  const { origin, pathname, search } = url
  const handler: Dispatcher.DispatchHandler = {
    // The request is written right after this: until here it can be cancelled, from here on it may have been received.
    onRequestStart(started) {
      if (timing.stillWanted?.() === false) fail('taken_back')
      if (settled || controller !== undefined) return started.abort(new Error('taken back'))
      controller = started
      clearTimeout(timer)
      timer = setTimeout(giveUp, timing.answerMs - (performance.now() - startedAt), 'answer_timeout')
    },
    onResponseStart(_, status, received) {
      // A 1xx response is not final.
      if (status >= 200) head = { status, headers: received }
    },
    onResponseData(_, chunk) {
      size += chunk.length
      if (size > bodyLimit) giveUp('answer_too_large')
      else chunks.push(chunk)
    },
    onResponseEnd() {
      if (head !== undefined) settle({ kind: 'answered', ...head, body: Buffer.concat(chunks) })
    },
    onResponseError(_, error) {
      fail(codeOf(error))
    },
  }
  agent.dispatch(
    { origin, path: pathname + search, method, headers: { ...headers }, body: body ?? null },
    handler,
  )
}

/** The errno, which is often that of a cause. */
function codeOf(error: unknown): string {
  for (let each = error as NodeJS.ErrnoException | undefined; each != null; ) {
    const { cause } = each as { cause?: NodeJS.ErrnoException }
    if (cause?.code === undefined && each.code !== undefined) return each.code
    each = cause
  }
  return 'unknown'
}
