import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type NatsServer, startNats } from '../support/nats.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis.ts'
import { runTokenbus, startTokenbus } from '../support/tokenbus-process.ts'

const file = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))

let nats: NatsServer
let redis: RedisServer
let dataDir: string
let secure: { TOKENBUS_NATS_URL: string; TOKENBUS_REDIS_URL: string }

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-tls-'))
  nats = await startNats({
    configText: `
      jetstream { max_file_store: 20GB }
      tls { cert_file: ${JSON.stringify(file('server.pem'))}, key_file: ${JSON.stringify(file('server.key'))} }`,
  })
  const port = await freePort()
  const certificate = ['--tls-cert-file', file('server.pem'), '--tls-key-file', file('server.key')]
  redis = await startRedis({
    args: [
      '--tls-port',
      String(port),
      '--tls-auth-clients',
      'no',
      '--tls-ca-cert-file',
      file('ca.pem'),
      ...certificate,
    ],
  })
  secure = {
    TOKENBUS_NATS_URL: `tls://127.0.0.1:${nats.port}`,
    TOKENBUS_REDIS_URL: `rediss://127.0.0.1:${port}`,
  }
})
afterAll(async () => {
  await nats.stop()
  await redis.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const env = (more: Record<string, string>) => ({
  ...secure,
  TOKENBUS_KEYS: `k:${Buffer.alloc(32, 1).toString('base64')}`,
  TOKENBUS_HTTP_PORT: '0',
  TOKENBUS_DATA_DIR: dataDir,
  ...more,
})
const trusted = { NODE_EXTRA_CA_CERTS: file('ca.pem') }

it('NATS and Redis are reached over TLS with a private CA in NODE_EXTRA_CA_CERTS', async () => {
  await using node = startTokenbus(['serve'], env(trusted))
  await node.says('tokenbus ready')
  const listed = await runTokenbus(['--json', 'account', 'list'], env(trusted))
  expect(listed).toMatchObject({ code: 0, output: '{"accounts":[]}\n' })
})

it.each([
  [
    'Redis',
    {},
    /^Redis at 127\.0\.0\.1:\d+ is not connected to: its certificate is not trusted .* NODE_EXTRA_CA_CERTS .*\.$/m,
  ],
  [
    'NATS',
    () => ({ TOKENBUS_REDIS_URL: redis.url }),
    /^Cannot connect to NATS at .*: its certificate is not trusted .* NODE_EXTRA_CA_CERTS .*\.$/m,
  ],
])('without it %s is refused with one sentence', async (_, more, sentence) => {
  const { code, output } = await runTokenbus(['serve'], env(typeof more === 'function' ? more() : more))
  expect(code).toBe(1)
  expect(output).toMatch(sentence)
})

it('tls:// never falls back to a server without TLS', async () => {
  await using plain = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  const { code, output } = await runTokenbus(['account', 'list'], {
    TOKENBUS_NATS_URL: `tls://127.0.0.1:${plain.port}`,
  })
  expect(code).toBe(3)
  expect(output).toMatch(/does not offer TLS/)
})
