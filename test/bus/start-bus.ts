import { connect, type Msg, type NatsConnection } from 'nats'
import { type ListenOptions, listen } from '../../src/bus/listen.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'
import { startNats } from '../support/nats.ts'
import { plainTokenbus } from './plain-tokenbus.ts'

export interface Bus extends AsyncDisposable {
  readonly client: NatsConnection
  stopListening(): Promise<void>
  ask(subject: string, payload?: unknown): Promise<Msg>
}

/** A server, tokenbus's side listening with these methods in the host's place, and a client. */
export async function startBus(
  methods: Partial<Tokenbus> = {},
  options: Partial<ListenOptions> = {},
): Promise<Bus> {
  const server = await startNats()
  const nats = await connect({ servers: server.url })
  const client = await connect({ servers: server.url })
  const listening = await listen({ nats, tokenbus: plainTokenbus(methods), version: '1.2.3', ...options })
  return {
    client,
    stopListening: listening.stop,
    ask(subject, payload) {
      const text = payload === undefined || typeof payload === 'string' ? payload : JSON.stringify(payload)
      return client.request(subject, text, { timeout: 4_000 })
    },
    async [Symbol.asyncDispose]() {
      await listening.stop()
      await client.close()
      await nats.close()
      await server.stop()
    },
  }
}

/** What a reply says: the failure's number and word from its headers, and the body. */
export function outcome(reply: Msg) {
  return {
    code: reply.headers?.get('Nats-Service-Error-Code'),
    word: reply.headers?.get('Nats-Service-Error'),
    body: reply.json<Record<string, unknown>>(),
  }
}
