import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { connect } from 'nats'
import { createSealedTokens } from '../../src/actors/sealed-tokens.ts'
import { Secret } from '../../src/common/secret.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import { signedContent, toHash } from '../../src/redis/record.ts'
import { createSealer } from '../../src/redis/seal.ts'
import { parseKeys } from '../../src/redis/seal-keys.ts'
import { createSigner } from '../../src/redis/signer.ts'
import { startNats } from '../support/nats.ts'
import { startRedis } from '../support/redis.ts'
import { startTokenbus, type TokenbusProcess } from '../support/tokenbus-process.ts'

export interface MemoryOptions {
  readonly accounts: number
  readonly tokenBytes: number
  say(line: string): void
}

const partitions = 64
const batch = 500
const inFlight = 64
const template = 'template'
const json = (value: object) => new TextEncoder().encode(JSON.stringify(value))

/**
 * What one node with its defaults takes while each of many accounts is asked for once over NATS. The accounts are copies
 * of one that was put, sealed and signed anew: a million puts would take longer than all the rest.
 */
export async function memory({ accounts, tokenBytes, say }: MemoryOptions): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-memory-'))
  const keys = `memory:${randomBytes(32).toString('base64')}`
  await using natsServer = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
  await using redisServer = await startRedis({ args: ['--appendonly', 'no'] })
  const nats = await connect({ servers: natsServer.url })
  const redis = new Redis(redisServer.url)
  const start = async () => {
    const node = startTokenbus(['serve'], {
      TOKENBUS_NATS_URL: natsServer.url,
      TOKENBUS_REDIS_URL: redisServer.url,
      TOKENBUS_KEYS: keys,
      TOKENBUS_HTTP_PORT: '0',
      TOKENBUS_DATA_DIR: dataDir,
      TOKENBUS_LEAVE_AFTER: '0',
      // Lines of ordinary running, the audit's among them, go nowhere else here.
      TOKENBUS_AUDIT: `file:${join(dataDir, 'audit.log')}`,
    })
    await node.says('tokenbus ready')
    return node
  }
  const request = async (subject: string, payload: object) =>
    JSON.parse((await nats.request(subject, json(payload), { timeout: 60_000 })).string())

  try {
    const first = await start()
    await putTemplate(request)
    await first.stop()
    await copyAccounts({ redis, keys, accounts, tokenBytes })
    const used = /used_memory_human:(\S+)/.exec(await redis.info('memory'))?.[1]
    say(`Redis holds ${accounts} accounts of ${tokenBytes} B tokens in ${used}`)

    const node = await start()
    say(`ready: ${await megabytes(node, 'VmRSS')} MB`)
    const startedAt = performance.now()
    let asked = 0
    const askAll = async () => {
      while (asked < accounts) {
        const { accessToken, error } = await request(`token.get.account-${asked++}`, {})
        if (typeof accessToken !== 'string') throw new Error(`refused: ${error}`)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, askAll))
    const seconds = (performance.now() - startedAt) / 1_000
    say(`asked once each in ${Math.round(seconds)} s: ${await megabytes(node, 'VmRSS')} MB`)
    await delay(10_000)
    say(`10 s later: ${await megabytes(node, 'VmRSS')} MB; at most: ${await megabytes(node, 'VmHWM')} MB`)
    await node.stop()
  } finally {
    redis.disconnect()
    await nats.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function putTemplate(request: (subject: string, payload: object) => Promise<{ error?: string }>) {
  const app = {
    provider: 'oidc',
    clientId: 'memory',
    clientSecret: 'secret',
    tokenUrl: 'https://example.com/',
  }
  const { error } = await request('app.put.memory', app)
  const expires = new Date(Date.now() + 86_400_000).toISOString()
  const token = { accessToken: 'at', refreshToken: 'rt', expires, policy: 'lazy' }
  const put = await request(`account.put.${template}`, { app: 'memory', user: template, ...token })
  const failed = error ?? put.error
  if (failed !== undefined) throw new Error(failed)
}

interface Copying {
  readonly redis: Redis
  readonly keys: string
  readonly accounts: number
  readonly tokenBytes: number
}

async function copyAccounts({ redis, keys, accounts, tokenBytes }: Copying): Promise<void> {
  const parsed = parseKeys(keys)
  const sealed = createSealedTokens(createSealer(parsed))
  const signer = createSigner(parsed)
  const keyOf = (id: string) => keysOf(partitionOf(id, partitions)).record({ kind: 'account', id })
  const original = toHash(Object.entries(await redis.hgetall(keyOf(template))).flat())
  const random = randomBytes(tokenBytes).toString('base64url').slice(0, tokenBytes)
  const { m: _, ...hash } = JSON.parse(JSON.stringify(original))
  for (let begin = 0; begin < accounts; begin += batch) {
    const pipeline = redis.pipeline()
    for (let i = begin; i < Math.min(accounts, begin + batch); i++) {
      const id = `account-${i}`
      const tokens = {
        accessToken: new Secret(`${i}.${random}`.slice(0, tokenBytes)),
        refreshToken: new Secret(`rt-${i}`),
      }
      const c = sealed.seal(tokens, { account: id, generation: Number(hash.g), slot: 'c' })
      const copy = { ...hash, s: hash.s.replaceAll(template, id), user: id, c }
      const m = signer.sign({ kind: 'account', id, content: signedContent(copy) })
      pipeline.hset(keyOf(id), { ...copy, m })
    }
    await pipeline.exec()
  }
}

async function megabytes({ pid }: TokenbusProcess, what: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024)
}
