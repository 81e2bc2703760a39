import { connect } from 'nats'
import { listen } from '../../src/bus/listen.ts'
import { type ConnectTokensOptions, connectTokens, type Tokens } from '../../src/client/index.ts'
import type { Token } from '../../src/client/tokens.ts'
import { ok, type Result } from '../../src/contract/failures.ts'
import type { TokenReject, TokenWant } from '../../src/contract/token.ts'
import { plainTokenbus } from '../bus/plain-tokenbus.ts'
import { startNats } from '../support/nats.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

export const hour = 3_600

export function tokenOf(
  account: string,
  {
    generation = 1,
    seconds = hour,
    version = generation,
    since = new Date(),
  }: { generation?: number; seconds?: number; version?: number; since?: Date } = {},
): Token {
  return {
    account,
    user: `${account}@example.com`,
    accessToken: `at-${account}-${generation}`,
    provider: 'oidc',
    app: 'sandbox',
    registeredScopes: [],
    expires: new Date(Date.now() + seconds * 1_000).toISOString(),
    generation,
    version,
    since: since.toISOString(),
  }
}

let announced = 100

/** Of a change that no token knows yet. */
export function eventOf(type: string, account: string, more: object = {}) {
  const version = ++announced
  return { id: `event-${version}`, type, time: new Date().toISOString(), account, version, ...more }
}

const probe = 'probe'

export interface Asked {
  readonly verb: 'get' | 'reject'
  readonly account: string
  readonly want: TokenWant | TokenReject
}

export interface ClientBus extends AsyncDisposable {
  readonly tokens: Tokens
  /** What reached tokenbus's side. */
  readonly asked: Asked[]
  /** How it answers; a new generation for each rejection by default. */
  answer: (asked: Asked) => Promise<Result<Token>> | Result<Token>
  /** The wire between client and NATS. */
  readonly wire: TcpProxy
  /** Resolves once the client's connection has seen it. */
  publish(subject: string, body?: object): Promise<void>
  connect(options?: Partial<ConnectTokensOptions>): Promise<Tokens>
}

export interface ClientBusOptions {
  readonly configText?: string
  readonly service?: { readonly user: string; readonly pass: string }
  readonly client?: Partial<ConnectTokensOptions>
}

/** A client on a real NATS, behind a wire that can be cut; tokenbus's side listens, with the host's answers given. */
export async function startClientBus(options: ClientBusOptions = {}): Promise<ClientBus> {
  const { configText, service = {} } = options
  const server = await startNats({ ...(configText !== undefined && { configText }) })
  const wire = await startProxy({ port: server.port })
  const nats = await connect({ servers: server.url, ...service })
  const asked: Asked[] = []
  const encoder = new TextEncoder()
  let generation = 1
  const clients: Tokens[] = []

  async function resultOf(question: Asked): Promise<Result<Uint8Array>> {
    if (question.account === probe) return ok(encoder.encode(JSON.stringify(tokenOf(probe))))
    asked.push(question)
    const result = await bus.answer(question)
    return result.ok ? ok(encoder.encode(JSON.stringify(result.value))) : result
  }

  const listening = await listen({
    nats,
    version: '1.2.3',
    tokenbus: plainTokenbus({
      getToken: (account, want) => resultOf({ verb: 'get', account, want }),
      rejectToken: (account, want) => resultOf({ verb: 'reject', account, want }),
    }),
  })

  async function connectClient(more: Partial<ConnectTokensOptions> = {}): Promise<Tokens> {
    const tokens = await connectTokens({
      servers: `nats://127.0.0.1:${wire.port}`,
      reconnectTimeWait: 20,
      reconnectJitter: 0,
      ...more,
    })
    clients.push(tokens)
    return tokens
  }

  const bus: ClientBus = {
    asked,
    wire,
    answer({ verb, account }) {
      if (verb === 'reject') generation++
      return ok(tokenOf(account, { generation }))
    },
    tokens: await connectClient(options.client),
    connect: connectClient,
    async publish(subject, body = {}) {
      nats.publish(subject, JSON.stringify(body))
      await nats.flush()
      // The answer to a question, if only that it may not be put, comes after it on the one wire.
      await bus.tokens.get(probe, { forceRefresh: true }).catch(() => undefined)
    },
    async [Symbol.asyncDispose]() {
      for (const tokens of clients) await tokens.close()
      await listening.stop()
      await nats.close()
      await wire.stop()
      await server.stop()
    },
  }
  return bus
}
