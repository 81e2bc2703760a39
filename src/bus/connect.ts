import type { Socket } from 'node:net'
import { type ConnectionOptions, connect, ErrorCode, Events, type NatsConnection } from 'nats'
import { batchWrites } from '../common/batch-writes.ts'
import { StartError } from '../common/start-error.ts'
import { untrusted } from '../common/tls-error.ts'
import { encodeId } from '../contract/encode-id.ts'
import { watchConnection } from './connection-watch.ts'
import { readCreds } from './creds-file.ts'
import { type NatsAddress, parseNatsUrl } from './nats-url.ts'

/** The part of a logger that is used here. */
export interface ConnectionLog {
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
  error(fields: object, sentence: string): void
}

export interface ConnectNatsOptions {
  /** Comma-separated URLs, credentials may be in them. */
  readonly url: string
  /** Path of a credentials file. */
  readonly creds?: string
  readonly name: string
  readonly logger?: ConnectionLog
  readonly pingInterval?: number
  /** Further options of the NATS client, such as `tls` or an `authenticator`. */
  readonly connection?: ConnectionOptions
  readonly onDisconnect?: () => void
  readonly onReconnect?: () => void
}

/**
 * Connects, and from then on reconnects without limit. Rejects with `StartError` if the first connection fails.
 * With a user, replies go to `_INBOX_<user>.>`, which no other user may read.
 */
export async function connectNats(options: ConnectNatsOptions): Promise<NatsConnection> {
  const { logger, name } = options
  const address = parseNatsUrl(options.url)
  const nats = await connect({
    name,
    servers: address.servers,
    ...(address.tls ? { tls: {} } : {}),
    ...(await identity(address, options.creds)),
    timeout: 5_000,
    pingInterval: options.pingInterval ?? 5_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    ignoreAuthErrorAbort: true,
    // Otherwise the client captures two stack traces per acknowledged publish.
    noAsyncTraces: true,
    ...privateInbox(options.connection?.user),
    ...options.connection,
  }).catch((cause: unknown) => {
    throw new StartError(`Cannot connect to NATS at ${address.servers.join(', ')}: ${reason(cause)}.`, {
      cause,
    })
  })
  void logErrors(nats, logger)
  void nats.closed().then((error) => error && logger?.error({ err: error }, 'nats connection closed'))
  batchMessages(nats)
  let lostAt = 0
  watchConnection({
    nats,
    onDown() {
      if (nats.isClosed()) return
      lostAt = performance.now()
      logger?.warn({}, 'nats disconnected')
      options.onDisconnect?.()
    },
    onUp() {
      batchMessages(nats)
      logger?.info({ seconds: Math.round((performance.now() - lostAt) / 1_000) }, 'nats reconnected')
      options.onReconnect?.()
    },
  })
  return nats
}

/** The client itself writes once for each turn of the microtask queue. It does not hand out its socket. */
function batchMessages(nats: NatsConnection): void {
  const { socket } = (nats as unknown as WithSocket).protocol.transport
  if (socket !== undefined) batchWrites(socket)
}

interface WithSocket {
  readonly protocol: { readonly transport: { readonly socket?: Socket } }
}

async function identity(address: NatsAddress, path: string | undefined): Promise<Partial<ConnectionOptions>> {
  if (path !== undefined) {
    const { authenticator, user } = await readCreds(path)
    return { authenticator, ...privateInbox(user) }
  }
  if (address.token !== undefined) return { token: address.token }
  if (address.user === undefined) return {}
  return { user: address.user, pass: address.password ?? '', ...privateInbox(address.user) }
}

function privateInbox(user: string | undefined): { inboxPrefix?: string } {
  return user === undefined ? {} : { inboxPrefix: `_INBOX_${encodeId(user)}` }
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
  switch (code) {
    case ErrorCode.ConnectionRefused:
      return 'nothing listens there'
    case ErrorCode.Timeout:
    case ErrorCode.ConnectionTimeout:
      return 'no answer within 5 s'
    case ErrorCode.AuthorizationViolation:
    case ErrorCode.BadAuthentication:
    case ErrorCode.AuthenticationExpired:
    case ErrorCode.AuthenticationTimeout:
    case ErrorCode.AccountExpired:
      return 'the server does not accept these credentials'
    case ErrorCode.BadCreds:
      return 'the credentials file is malformed'
    case ErrorCode.ServerOptionNotAvailable:
      return 'the server does not offer TLS, which tls:// asks for'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known'
    default:
      return untrusted(code) ?? `the connection failed (${code})`
  }
}

async function logErrors(nats: NatsConnection, logger: ConnectionLog | undefined): Promise<void> {
  for await (const status of nats.status()) {
    if (status.type !== Events.Error) continue
    logger?.warn({ code: status.data, permission: status.permissionContext }, 'nats error')
  }
}
