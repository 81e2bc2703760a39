import { connect } from 'nats'
import { pino } from 'pino'
import { Secret } from '../../src/common/secret.ts'
import { createTokenBuckets } from '../../src/common/token-bucket.ts'
import { authenticate } from '../../src/http/authenticate.ts'
import { answerErrors } from '../../src/http/errors.ts'
import { hardenedServer } from '../../src/http/hardened-server.ts'
import { createOwnOrigin } from '../../src/http/same-origin.ts'
import { securityEventsRoute } from '../../src/http/security-events.ts'
import { createHttp } from '../../src/provider/http.ts'
import { createKeySets } from '../../src/security-events/key-sets.ts'
import { createReceiveEvents } from '../../src/security-events/receive.ts'
import { startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { startRedis } from '../support/redis.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'
import { clientId, type Signing, startTransmitter } from './transmitter.ts'

/** A node whose apps `mail` and `other` take events of the transmitter, pushed over HTTP; the app `deaf` takes none. */
export async function startReceiver() {
  const nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const redis = await startRedis()
  const transmitter = await startTransmitter()
  const provider = scriptedProvider()
  const { refreshToken } = provider
  const node = await startTestNode({ natsUrl: nats.url, redisUrl: redis.url, refreshToken, waker: false })
  const { host, storage, tokenbus, clock } = node
  const logger = pino({ level: 'silent' })
  const keysHttp = createHttp({ allowPrivate: true })
  const server = hardenedServer()
  answerErrors(server, { logger, onFailed() {} })
  const ownOrigin = createOwnOrigin(() => 'http://127.0.0.1')
  authenticate(server, { apiTokens: { verify: () => null }, limits: createTokenBuckets(), ownOrigin })
  const keySets = createKeySets({ http: keysHttp, allowPrivate: true })
  const { records, seenEvents } = storage
  securityEventsRoute(server, createReceiveEvents({ ...host, records, seenEvents, keySets, clock, logger }))
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const bus = await connect({ servers: nats.url })
  const invalid: { account: string; heardAt: number; [field: string]: unknown }[] = []
  bus.subscribe('token.invalid.*', {
    callback: (_, message) => invalid.push({ ...(message.json() as object), heardAt: Date.now() } as never),
  })
  const securityEvents = { issuer: transmitter.issuer, jwksUrl: transmitter.jwksUrl }
  for (const app of ['mail', 'other'])
    await tokenbus.putApp(app, { ...sandboxApp, clientId, rotation: 'none', securityEvents })
  await tokenbus.putApp('deaf', { ...sandboxApp })

  async function push(app: string, text: string, type = 'application/secevent+jwt') {
    const init = { method: 'POST', headers: { 'content-type': type }, body: text }
    const reply = await fetch(`${url}/v1/security-events/${app}`, init)
    const body = await reply.text()
    return { status: reply.status, headers: reply.headers, body: body === '' ? null : JSON.parse(body) }
  }

  return {
    tokenbus,
    transmitter,
    provider,
    /** Every `token.invalid` so far. */
    invalid,
    push,
    tell: async (events: object, signing: Signing = {}) =>
      push('mail', await transmitter.sign(events, signing)),
    async connect(
      account: string,
      put: { user?: string; subject?: string; app?: string; token?: string } = {},
    ) {
      const { token = `1//0-refresh-token-of-${account}`, ...rest } = put
      const made = await tokenbus.putAccount(account, {
        app: 'mail',
        user: `${account}@example.com`,
        accessToken: new Secret(`at-${account}`),
        refreshToken: new Secret(token),
        expires: new Date(Date.now() + 3_600_000).toISOString(),
        ...rest,
      })
      if (!made.ok) throw new Error(made.failure.message)
    },
    async stateOf(account: string): Promise<string> {
      const view = await tokenbus.getAccount(account)
      return view.ok ? view.value.state : view.failure.error
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await keysHttp.close()
      await bus.close()
      await node[Symbol.asyncDispose]()
      await transmitter[Symbol.asyncDispose]()
      await redis.stop()
      await nats.stop()
    },
  }
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>

/** After whatever has just been done, whole seconds as they are. */
export const soon = () => ({ claims: { iat: Math.floor(Date.now() / 1_000) + 2 } })
