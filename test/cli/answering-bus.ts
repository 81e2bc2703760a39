import { connect, headers, type NatsConnection } from 'nats'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type NatsServer, startNats } from '../support/nats.ts'
import { runTokenbus } from './run-command.ts'

interface Asked {
  readonly subject: string
  readonly payload: unknown
}

export interface AnsweringBus {
  /** Every request of this test. */
  readonly asked: Asked[]
  answer: (subject: string) => object
  /** Whether the answers are failures. */
  unavailable: boolean
  url(): string
  /** A command against it. */
  tokenbus(
    args: string[],
    options?: { stdin?: string; env?: Record<string, string> },
  ): ReturnType<typeof runTokenbus>
}

/** NATS with a responder that answers the command line's requests as the test specifies. */
export function useAnsweringBus(): AnsweringBus {
  let server: NatsServer
  let nats: NatsConnection
  const bus: AnsweringBus = {
    asked: [],
    answer: () => ({}),
    unavailable: false,
    url: () => server.url,
    tokenbus: (args, { stdin = '', env = {} } = {}) =>
      runTokenbus(args, { stdin, env: { TOKENBUS_NATS_URL: server.url, ...env } }),
  }

  beforeAll(async () => {
    server = await startNats()
    nats = await connect({ servers: server.url })
    for (const subject of ['token.*.*', 'account.*.*', 'account.list', 'app.>', 'events.*']) {
      nats.subscribe(subject, {
        callback(_, message) {
          bus.asked.push({
            subject: message.subject,
            payload: message.data.length > 0 ? message.json() : undefined,
          })
          const body = JSON.stringify(bus.answer(message.subject))
          const failure = headers()
          failure.set('Nats-Service-Error', 'some_failure')
          message.respond(body, bus.unavailable ? { headers: failure } : {})
        },
      })
    }
    await nats.flush()
  })
  afterAll(async () => {
    await nats.close()
    await server.stop()
  })
  beforeEach(() => {
    bus.answer = () => ({ account: 'alice', state: 'valid', accessToken: 'the token' })
  })
  afterEach(() => {
    bus.asked.length = 0
    bus.unavailable = false
  })
  return bus
}
