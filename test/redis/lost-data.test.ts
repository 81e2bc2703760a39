import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { openStorage } from '../../src/redis/storage.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, testKeys } from '../support/node.ts'
import { startRedis } from '../support/redis.ts'
import { answered } from '../support/scripted-provider.ts'
import { refused, useReplaceableRedis } from './replaceable-redis.ts'

const scene = useReplaceableRedis()
const { startNode, replaceRedis, backUp } = scene

describe('a Redis that restarts empty', () => {
  it('is neither read nor written until its data is restored', async () => {
    const { node } = await startNode()
    await using _ = node
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true })
    const backup = await backUp()
    await replaceRedis()
    await eventually(async () => expect(node.storage.trouble()).toMatch(/^Redis has lost its data/))
    const identity = /whose tb:meta has identity ([-\da-f]{36})\.$/.exec(
      node.storage.trouble() as string,
    )?.[1]
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
    await expect(node.tokenbus.putApp('other', { ...sandboxApp })).rejects.toThrow(/has lost its data/)
    expect(await scene.client.keys('*')).toEqual([])

    await replaceRedis(backup)
    await eventually(async () =>
      expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true }),
    )
    expect(node.storage.trouble()).toBeNull()
    expect(await scene.client.hget('tb:meta', 'identity')).toBe(identity)
  })

  it('does not make accounts not found, even without a disconnect', async () => {
    const { node } = await startNode()
    await using _ = node
    await scene.client.flushall()
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
  })

  it('loses no token response, which is spooled until the data is restored', async () => {
    const { node, provider } = await startNode()
    await using _ = node
    const forced = node.tokenbus.getToken('alice', { forceRefresh: true })
    await provider.asked()
    const backup = await backUp()
    await scene.client.flushall()
    provider.answer(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
    const spooled = () => readdir(join(scene.directory, 'data', 'spool')).catch(() => [])
    await eventually(async () => expect(await spooled()).toHaveLength(1))
    await forced

    await replaceRedis(backup)
    await eventually(async () => expect(await spooled()).toEqual([]))
    const reply = await node.tokenbus.getToken('alice', {})
    expect(reply.ok && JSON.parse(new TextDecoder().decode(reply.value))).toMatchObject({ accessToken: 'a2' })
  })
})

describe('another Redis at the same address', () => {
  it('is refused by its identity, whatever data it has', async () => {
    const { node } = await startNode()
    await using _ = node
    await scene.client.hset('tb:meta', 'identity', 'another')
    await eventually(() =>
      expect(node.storage.trouble()).toMatch(/^Redis holds other data \(identity another\)/),
    )
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
    expect(await scene.client.hget('tb:meta', 'identity')).toBe('another')
  })

  it('is refused if its data is encrypted with another key of the same id', async () => {
    const { node } = await startNode()
    await using _ = node
    await using other = await startRedis()
    const storage = await openStorage({
      url: other.url,
      keys: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      partitions: 4,
      logger: pino({ level: 'silent' }),
    })
    await storage.close()
    const foreign = new Redis(other.url)
    const sealed = (await foreign.hget('tb:meta', 'canary:test')) as string
    foreign.disconnect()
    await scene.client.hset('tb:meta', 'canary:test', sealed)
    await eventually(() =>
      expect(node.storage.trouble()).toMatch(/^Redis holds data sealed with another key of the id test;/),
    )
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
  })

  it('is accepted if it is a backup of a version without identities', async () => {
    const { node } = await startNode()
    await using _ = node
    const identity = await scene.client.hget('tb:meta', 'identity')
    await scene.client.hdel('tb:meta', 'identity')
    await scene.client.call('CLIENT', 'KILL', 'TYPE', 'normal')
    await eventually(async () => expect(await scene.client.hget('tb:meta', 'identity')).toBe(identity))
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true })
  })
})

describe('a Redis that rejects writes', () => {
  const full = 'the storage is full: Redis has reached its maxmemory'
  const readOnly = 'the storage is read-only: Redis is a replica'

  it.each([
    [
      full,
      () => scene.client.config('SET', 'maxmemory', '1'),
      () => scene.client.config('SET', 'maxmemory', '0'),
    ],
    [readOnly, () => scene.client.replicaof('127.0.0.1', 1), () => scene.client.replicaof('NO', 'ONE')],
  ])(
    'is reported (%s), tokens are still read, and writes continue once it accepts them',
    async (message, begin, end) => {
      const { node } = await startNode()
      await using _ = node
      const failures: string[] = []
      node.storage.onFailure((why) => failures.push(why))
      await begin()
      await eventually(() =>
        expect(node.tokenbus.putApp('other', { ...sandboxApp })).rejects.toThrow(message),
      )
      expect(node.storage.trouble()).toBe(message)
      expect(failures).toContain(message === full ? 'full' : 'read_only')
      node.host.cache.clear()
      await eventually(async () =>
        expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true }),
      )
      await end()
      await eventually(() => expect(node.storage.trouble()).toBeNull())
      await eventually(async () =>
        expect(await node.tokenbus.putApp('other', { ...sandboxApp })).toMatchObject({ ok: true }),
      )
    },
  )

  it('is detected without any write', async () => {
    const { node } = await startNode()
    await using _ = node
    await scene.client.config('SET', 'maxmemory', '1')
    await eventually(() => expect(node.storage.trouble()).toBe(full))
  })

  it('stops a node at the start with one sentence', async () => {
    await scene.client.config('SET', 'maxmemory', '1')
    const opening = openStorage({
      url: scene.redis.url,
      keys: testKeys,
      partitions: 4,
      logger: pino({ level: 'silent' }),
    })
    await expect(opening).rejects.toThrow(`Redis at 127.0.0.1:${scene.redis.port} cannot be used: ${full}.`)
  })
})
