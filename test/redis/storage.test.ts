import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { StartError } from '../../src/common/start-error.ts'
import { createSealer, SealError } from '../../src/redis/seal.ts'
import { parseKeys } from '../../src/redis/seal-keys.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { freePort, type RedisServer, startRedis } from '../support/redis.ts'

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const logger = pino({ level: 'silent' })
const place = { account: 'alice', generation: 3, slot: 'c' }

describe('sealing', () => {
  const sealer = createSealer(parseKeys(key('one')))
  it('decrypts what it encrypted, only for the same account, generation and slot', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (text, account, generation) => {
        const sealed = sealer.seal({ text, account, generation, slot: 'c' })
        expect(sealer.open({ sealed, account, generation, slot: 'c' }).reveal()).toBe(text)
        for (const elsewhere of [
          { account: `${account}x` },
          { slot: 'c-' },
          { generation: generation + 1 },
        ]) {
          expect(() => sealer.open({ sealed, account, generation, slot: 'c', ...elsewhere })).toThrow(
            SealError,
          )
        }
      }),
      { numRuns: 50 },
    )
  })
  it('rejects modified texts, and texts encrypted with another key of the same id', () => {
    const sealed = sealer.seal({ text: 'a token', ...place })
    const touched = `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`
    expect(() => sealer.open({ sealed: touched, ...place })).toThrow(SealError)
    expect(() => createSealer(parseKeys(key('one'))).open({ sealed, ...place })).toThrow(
      /alice \(c, key one\) does not open/,
    )
    expect(() => createSealer(parseKeys(key('two'))).open({ sealed, ...place })).toThrow(
      /needs a key that was not given/,
    )
    expect(sealed).toMatch(/^1\.one\.3\.[\w-]+\.[\w-]+$/)
    expect(sealed).not.toContain('a token')
  })
  it.each([
    ['no-colon', /id:base64/],
    ['one:dG9vIHNob3J0', /32 bytes/],
    ['spa ce:x', /id of 1 to 32/],
    ['file:/nowhere/at/all', /cannot be read/],
  ])('refuses keys in one sentence: %s', (text, sentence) => expect(() => parseKeys(text)).toThrow(sentence))
})

describe('opening a storage', () => {
  let server: RedisServer
  const [one, two] = [key('one'), key('two')]
  const open = async (keys: string, { url = server.url, partitions = 8 } = {}) => {
    const storage = await openStorage({ url, keys, partitions, logger })
    await storage.close()
    return storage
  }
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  it('works for two nodes at the same time on an empty Redis', async () => {
    const [first, second] = await Promise.all([open(one), open(one)])
    const mark = { account: 'alice', token: new Secret('a token') }
    expect(first.fingerprint(mark)).toBe(second.fingerprint(mark))
    expect(first.fingerprint({ ...mark, account: 'bob' })).not.toBe(first.fingerprint(mark))
  })
  it('accepts a new key in front, and requires the old one', async () => {
    await open(`${two},${one}`)
    await expect(open(one)).rejects.toThrow(
      'Data in this Redis is sealed with key two, which was not given in TOKENBUS_KEYS.',
    )
    await open(`${one},${two}`)
  })
  it('changes nothing in Redis if the key is wrong', async () => {
    await expect(open(key('wrong'))).rejects.toThrow(/sealed with key (one|two)/)
    await open(`${one},${two}`)
  })
  it('rejects a different key under a known id, another number of partitions, and a Redis that may evict keys', async () => {
    await expect(open(`${key('one')},${two}`)).rejects.toThrow(/key one, which is not the key of that id/)
    await expect(open(`${one},${two}`, { partitions: 9 })).rejects.toThrow(/set up with 8 partitions/)
    await using evicting = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    await expect(open(one, { url: evicting.url })).rejects.toThrow(/noeviction/)
  })
  it('names an unreachable address without the password', async () => {
    const port = await freePort()
    const failing = open(one, { url: `redis://:pass-word@127.0.0.1:${port}` })
    await expect(failing).rejects.toThrow(StartError)
    await expect(failing).rejects.toThrow(`Redis at 127.0.0.1:${port} cannot be reached (ECONNREFUSED)`)
    await expect(failing).rejects.not.toThrow(/pass-word/)
    await expect(open(one, { url: 'http://x' })).rejects.toThrow(/TOKENBUS_REDIS_URL must be/)
  })
})
