import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { partitionOf } from '../../src/redis/keys.ts'
import { openStorage } from '../../src/redis/storage.ts'
import { eventually } from '../support/eventually.ts'
import { testKeys } from '../support/node.ts'
import { refused, useReplaceableRedis } from './replaceable-redis.ts'

const scene = useReplaceableRedis()
const { startNode } = scene

describe('a Redis that has lost some partitions, such as a Cluster with an empty master', () => {
  const lose = async (partition: number) => scene.client.del(await scene.client.keys(`tb:{${partition}}:*`))
  const known = { identity: 'another', rememberedIn: '/data/redis-identity' }
  const open = (more = {}) =>
    openStorage({
      url: scene.redis.url,
      keys: testKeys,
      partitions: 4,
      logger: pino({ level: 'silent' }),
      ...more,
    })

  it('does not make accounts not found, and is not read until they are restored', async () => {
    const { node } = await startNode()
    await using _ = node
    const partition = partitionOf('alice', 4)
    const dump = new Map<string, Buffer>()
    for (const key of await scene.client.keys(`tb:{${partition}}:*`))
      dump.set(key, (await scene.client.dumpBuffer(key)) as Buffer)
    await lose(partition)
    node.host.cache.clear()
    expect(await node.tokenbus.getToken('alice', {})).toMatchObject(refused)
    expect(node.storage.trouble()).toContain(`has lost a part of its data, partition ${partition};`)
    for (const [key, value] of dump) await scene.client.restore(key, 0, value)
    await eventually(async () =>
      expect(await node.tokenbus.getToken('alice', {})).toMatchObject({ ok: true }),
    )
  })

  it('is detected without any request', async () => {
    const { node } = await startNode()
    await using _ = node
    await lose(2)
    await eventually(() => expect(node.storage.trouble()).toContain('partition 2;'))
  })

  it('stops a node at the start, and nothing is written', async () => {
    const { node } = await startNode()
    await node[Symbol.asyncDispose]()
    await lose(1)
    await lose(3)
    await expect(open()).rejects.toThrow('has lost a part of its data, partitions 1, 3: restore')
    expect(await scene.client.keys('tb:{1}:*')).toEqual([])
  })

  it('stops a node at the start if only the meta record is lost', async () => {
    const { node } = await startNode()
    await node[Symbol.asyncDispose]()
    const identity = await scene.client.hget('tb:meta', 'identity')
    await scene.client.del('tb:meta')
    await expect(open()).rejects.toThrow(
      `has lost a part of its data, its tb:meta: restore the newest backup whose tb:meta has identity ${identity}`,
    )
    expect(await scene.client.exists('tb:meta')).toBe(0)
  })

  it('stops a node with a stored identity at the start if all data is lost, or other data is there', async () => {
    const anew = '; to begin anew, remove /data/redis-identity.'
    await expect(open({ known })).rejects.toThrow(
      /^This Redis has lost its data: restore .* identity another/,
    )
    await expect(open({ known })).rejects.toThrow(anew)
    expect(await scene.client.keys('*')).toEqual([])
    await (await open()).close()
    await expect(open({ known })).rejects.toThrow(
      /^This Redis holds other data \(identity [-\da-f]{36}\) than/,
    )
    expect(await scene.client.hget('tb:meta', 'identity')).not.toBe('another')
  })

  it('is accepted if it is a backup of a version without partition marks', async () => {
    const { node } = await startNode()
    await node[Symbol.asyncDispose]()
    const identity = (await scene.client.hget('tb:meta', 'identity')) as string
    await scene.client.hdel('tb:meta', 'identity', 'marked')
    await scene.client.del(...(await scene.client.keys('tb:{*}:identity')))
    const storage = await open({ known: { ...known, identity } })
    expect(await scene.client.hmget('tb:meta', 'identity', 'marked')).toEqual([identity, '1'])
    expect(await scene.client.get('tb:{3}:identity')).toBe(identity)
    await storage.close()
  })
})
