import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'nats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type NatsServer, startNats } from '../support/nats.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'

const able = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const why = able ? '' : ' (skipped: no IPv6 here)'

let nats: NatsServer
let redis: RedisServer
let dataDir: string
const servers: Server[] = []
const sockets = new Set<Socket>()

beforeAll(async () => {
  nats = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  redis = await startRedis()
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-ipv6-'))
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  await nats.stop()
  await redis.stop()
  await rm(dataDir, { recursive: true, force: true })
})

async function listenOnIPv6(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket) => void sockets.add(socket))
  await once(server.listen(0, '::1'), 'listening')
  return (server.address() as { port: number }).port
}

/** The same server, at an address of IPv6 alone. */
const onIPv6 = (port: number) =>
  listenOnIPv6(
    createServer((socket) => {
      const there = connectTcp(port, '127.0.0.1')
      sockets.add(there)
      socket.on('error', () => there.destroy()).pipe(there)
      there.on('error', () => socket.destroy()).pipe(socket)
    }),
  )

it.skipIf(!able)(`Redis, NATS, HTTP and a provider at [::1] alone${why}`, async () => {
  const provider = await listenOnIPv6(
    createHttpServer((_, answer) => {
      answer.setHeader('content-type', 'application/json')
      answer.end('{"access_token":"at-1","token_type":"bearer","expires_in":3600}')
    }),
  )
  const [natsPort, redisPort] = [await onIPv6(nats.port), await onIPv6(redis.port)]
  await using node = startTokenbus(['serve'], {
    TOKENBUS_NATS_URL: `nats://[::1]:${natsPort}`,
    TOKENBUS_REDIS_URL: `redis://[::1]:${redisPort}`,
    TOKENBUS_KEYS: `k:${Buffer.alloc(32, 1).toString('base64')}`,
    TOKENBUS_HTTP_HOST: '::1',
    TOKENBUS_HTTP_PORT: '0',
    TOKENBUS_DATA_DIR: dataDir,
    TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'true',
  })
  await node.says('tokenbus ready')
  expect(node.output()).toContain(
    `"listen":"[::1]:0","nats":"[::1]:${natsPort}","redis":"[::1]:${redisPort}"`,
  )
  expect((await fetch(`${node.httpUrl()}/readyz`)).status).toBe(200)

  const bus = await connect({ servers: nats.url })
  const ask = async (subject: string, payload: object) =>
    (await bus.request(subject, JSON.stringify(payload), { timeout: 10_000 })).json()
  const tokenUrl = `http://[::1]:${provider}/token`
  await ask('app.put.mail', { provider: 'oidc', tokenUrl, clientId: 'mailer', clientSecret: 'secret' })
  await ask('account.put.alice', { app: 'mail', user: 'alice@example.com', refreshToken: 'rt-1' })
  expect(await ask('token.get.alice', {})).toMatchObject({ accessToken: 'at-1' })
  await bus.close()
})
