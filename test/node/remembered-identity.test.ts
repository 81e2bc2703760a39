import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { useEngines } from '../support/engines.ts'
import { testKeys } from '../support/node.ts'
import { startTokenbus } from '../support/tokenbus-process.ts'

const engines = useEngines()

it('a node does not start if Redis was emptied since, says what to do, and starts after the stored identity is removed', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-identity-'))
  const file = join(dataDir, 'redis-identity')
  const serve = () =>
    startTokenbus(['serve'], {
      TOKENBUS_NATS_URL: engines.natsUrl,
      TOKENBUS_REDIS_URL: engines.redisUrl,
      TOKENBUS_KEYS: testKeys,
      TOKENBUS_HTTP_PORT: '0',
      TOKENBUS_DATA_DIR: dataDir,
      TOKENBUS_LEAVE_AFTER: '0',
    })
  const startAndStop = async () => {
    const node = serve()
    await node.says('tokenbus ready')
    await node.stop()
  }
  const redis = new Redis(engines.redisUrl)
  try {
    await startAndStop()
    const identity = await redis.hget('tb:meta', 'identity')
    expect((await readFile(file, 'utf8')).trim()).toBe(identity)
    await startAndStop()

    await redis.flushall()
    const refused = serve()
    expect(await refused.ended).toBe(1)
    expect(refused.output().trimEnd().split('\n').at(-1)).toBe(
      `This Redis has lost its data: restore the newest backup whose tb:meta has identity ${identity}, ` +
        `or correct TOKENBUS_REDIS_URL; to begin anew, remove ${file}.`,
    )
    expect(await redis.keys('*')).toEqual([])

    await rm(file)
    await startAndStop()
    expect(await redis.hget('tb:meta', 'identity')).not.toBe(identity)
  } finally {
    redis.disconnect()
    await rm(dataDir, { recursive: true })
  }
})
