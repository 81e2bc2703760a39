import { createCipheriv, randomBytes, scryptSync } from 'node:crypto'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from '@msgpack/msgpack'
import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from './redis.ts'

/** A Redis that holds what a real EmailEngine wrote: `test/fixtures/emailengine-<name>.rdb`, in database 3. */
export async function startEmailEngineRedis(name: 'sealed' | 'clear'): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'tokenbus-emailengine-'))
  const file = `emailengine-${name}.rdb`
  await copyFile(new URL(`../fixtures/${file}`, import.meta.url), join(dir, file))
  const server = await startRedis({ dir, args: ['--appendonly', 'no', '--dbfilename', file] })
  const stop = async () => {
    await server.stop()
    await rm(dir, { recursive: true, force: true })
  }
  return { ...server, url: `${server.url}/3`, stop, [Symbol.asyncDispose]: stop }
}

export interface EmailEngineData {
  readonly url: string
  readonly prefix?: string
  /** Seals what EmailEngine would. */
  readonly secret: string
  readonly apps: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Account ids and the field `oauth2` of each. */
  readonly accounts: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** EmailEngine takes a new salt for every value; deriving a key for each takes long. */
  readonly salts?: number
}

const sealed = ['accessToken', 'refreshToken', 'clientSecret', 'serviceKey']

/** Writes a database in EmailEngine's own shape. */
export async function writeEmailEngine(data: EmailEngineData): Promise<void> {
  const redis = new Redis(data.url)
  const key = (name: string) => (data.prefix ? `${data.prefix}:${name}` : name)
  const keys = Array.from({ length: data.salts ?? 4 }, () => {
    const salt = randomBytes(16)
    return { salt, key: scryptSync(data.secret, salt, 32) }
  })
  let count = 0
  const seal = (text: string) => {
    const { salt, key: sealingKey } = keys[count++ % keys.length] as (typeof keys)[number]
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', sealingKey, iv)
    const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    const parts = [cipher.getAuthTag(), iv, salt, bytes].map((part) => part.toString('hex'))
    return ['$wd01$aes-256-gcm', ...parts].join('$')
  }
  const sealAll = (record: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(record).map(([name, value]) => [
        name,
        sealed.includes(name) ? seal(String(value)) : value,
      ]),
    )
  for (const [id, app] of Object.entries(data.apps)) {
    await redis.sadd(key('oapp:i'), id)
    await redis.hset(key('oapp:c'), `${id}:data`, Buffer.from(encode({ id, enabled: true, ...sealAll(app) })))
  }
  const pipeline = redis.pipeline()
  for (const [id, oauth2] of Object.entries(data.accounts)) {
    pipeline.sadd(key('ia:accounts'), id)
    pipeline.hset(key(`iad:${id}`), {
      account: id,
      state: 'connected',
      oauth2: JSON.stringify(sealAll(oauth2)),
    })
  }
  await pipeline.exec()
  await redis.quit()
}
