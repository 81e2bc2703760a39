import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis.ts'
import type { Drill } from './drill.ts'
import { setScene } from './scene.ts'

/** The restore of docs/operations.md, as it is written there. */
export const redisEmpty: Drill = {
  name: 'Redis comes back empty, and is restored from its backup',
  async run(say) {
    await using scene = await setScene({ say })
    const { operator, directory } = scene
    const dir = join(directory, 'redis')
    const backup = join(directory, 'backup.rdb')
    let redis = new Redis(scene.redis.url)
    const identity = await redis.hget('tb:meta', 'identity')
    operator.did('a backup is made: BGSAVE, and dump.rdb copied away')
    await redis.bgsave()
    await eventually(async () => {
      if (!/rdb_bgsave_in_progress:0/.test(await redis.info('persistence'))) throw new Error('still saving')
      await copyFile(join(dir, 'dump.rdb'), backup)
    })
    redis.disconnect()
    operator.did('Redis loses its disk and starts anew')
    await scene.replaceRedis(async (port) => {
      await rm(join(dir, 'appendonlydir'), { recursive: true })
      await rm(join(dir, 'dump.rdb'))
      return startRedis({ port, dir })
    })
    await operator.sees(/log error: Redis has lost its data.*restore the newest backup/)
    await operator.sees(/\/readyz: 503 redis Redis has lost its data/)
    await operator.sees(/token\.get: storage_unavailable \(the storage has lost its data\)/)
    operator.doesNotSee(/account_not_found/)
    redis = new Redis(scene.redis.url)
    const keys = await redis.keys('*')
    redis.disconnect()
    if (keys.length > 0) throw new Error(`the node wrote to the empty Redis: ${keys}`)
    operator.did('Redis is stopped, the backup put in its directory, and started with appendonly no')
    await scene.replaceRedis(async (port) => {
      await rm(join(dir, 'appendonlydir'), { recursive: true, force: true })
      await copyFile(backup, join(dir, 'dump.rdb'))
      return startRedis({ port, dir, args: ['--appendonly', 'no'] })
    })
    redis = new Redis(scene.redis.url)
    if ((await redis.hget('tb:meta', 'identity')) !== identity) throw new Error('it has another identity')
    operator.did('CONFIG SET appendonly yes')
    await redis.config('SET', 'appendonly', 'yes')
    await operator.allIsWell()
    await eventually(async () => {
      if (!/aof_rewrite_in_progress:0/.test(await redis.info('persistence')))
        throw new Error('still rewriting')
    })
    redis.disconnect()
    operator.did('Redis restarts with appendonly yes')
    await scene.replaceRedis((port) => startRedis({ port, dir }))
    await operator.sees(/redis reconnected/)
    await operator.allIsWell()
  },
}
