import { type ApiError, ErrorCode, type Msg, type MsgHdrs, type NatsConnection, NatsError, nuid } from 'nats'

/** A request whose answer the NATS client awaits; the client calls `resolver` once. */
interface PendingRequest {
  readonly token: string
  readonly requestSubject: string
  received: number
  resolver(error: Error | null, message?: Msg): void
}

/** The client's table of open requests, which it does not export. */
interface WithRequests {
  readonly protocol: {
    readonly muxSubscriptions: { readonly baseInbox: string; cancel(request: PendingRequest): void }
    request(request: PendingRequest): void
  }
}

export interface AckedMessage {
  readonly subject: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

export interface AckedPublishes {
  /** Resolves on the ack; rejects with `NatsError` if JetStream refuses, nobody answers, or the publish is not permitted. */
  publish(message: AckedMessage): Promise<void>
  /** Rejects all that wait for their ack. */
  rejectAll(error: Error): void
}

const ackWithin = 5_000

/**
 * Publishes to JetStream like the NATS client does, and in its table of requests, so that it reports missing streams and
 * permissions. But its own requests each create an error with a stack trace and race four promises, which costs more than
 * the publish itself.
 */
export function createAckedPublishes(nats: NatsConnection): AckedPublishes {
  const { protocol } = nats as unknown as WithRequests
  const pending = new Set<PendingRequest>()

  function requestAck({ subject, body, headers }: AckedMessage): Promise<Msg> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => request.resolver(NatsError.errorForCode(ErrorCode.Timeout)), ackWithin)
      const request: PendingRequest = {
        token: nuid.next(),
        requestSubject: subject,
        received: 0,
        resolver(error, message) {
          clearTimeout(timer)
          pending.delete(request)
          protocol.muxSubscriptions.cancel(request)
          if (error) reject(error)
          else resolve(message as Msg)
        },
      }
      pending.add(request)
      protocol.request(request)
      try {
        nats.publish(subject, body, {
          headers: { encode: () => encoded(headers) } as unknown as MsgHdrs,
          reply: `${protocol.muxSubscriptions.baseInbox}${request.token}`,
        })
      } catch (error) {
        request.resolver(error as Error)
      }
    })
  }

  return {
    async publish(message) {
      const failure = failureOf(await requestAck(message))
      if (failure !== null) throw failure
    },
    rejectAll(error) {
      for (const request of pending) request.resolver(error)
    },
  }
}

/** As the server expects them; the client's own class searches and copies all headers for each that is set. */
function encoded(headers: AckedMessage['headers']): Uint8Array {
  let text = 'NATS/1.0\r\n'
  for (const [name, value] of Object.entries(headers)) {
    // A line break would add a header, such as one that makes the stream drop its messages.
    if (/[\r\n]/.test(value)) throw new NatsError(`line break in ${name}`, ErrorCode.BadHeader)
    text += `${name}: ${value}\r\n`
  }
  return Buffer.from(`${text}\r\n`)
}

interface Ack {
  readonly stream?: string
  readonly error?: ApiError
}

function failureOf(message: Msg): NatsError | null {
  const { stream, error } = message.json<Ack>()
  if (error !== undefined) {
    const failure = new NatsError(error.description, String(error.code))
    failure.api_error = error
    return failure
  }
  return stream ? null : NatsError.errorForCode(ErrorCode.JetStreamInvalidAck)
}
