import { Redis } from 'ioredis'
import type { Drill } from './drill.ts'
import { setScene } from './scene.ts'

interface Trouble {
  readonly name: string
  readonly sentence: string
  begin(redis: Redis): Promise<unknown>
  end(redis: Redis): Promise<unknown>
}

const troubles: readonly Trouble[] = [
  {
    name: 'Redis is full',
    sentence: 'the storage is full',
    begin: (redis) => redis.config('SET', 'maxmemory', '1'),
    end: (redis) => redis.config('SET', 'maxmemory', '0'),
  },
  {
    name: 'Redis is read-only',
    sentence: 'the storage is read-only',
    begin: (redis) => redis.replicaof('127.0.0.1', 1),
    end: (redis) => redis.replicaof('NO', 'ONE'),
  },
]

const drillOf = ({ name, sentence, begin, end }: Trouble): Drill => ({
  name,
  async run(say) {
    await using scene = await setScene({ say })
    const { operator } = scene
    const redis = new Redis(scene.redis.url)
    operator.did(name)
    await begin(redis)
    await operator.sees(new RegExp(`log error: ${sentence}`))
    await operator.sees(new RegExp(`/readyz: 503 redis ${sentence}`))
    const refused = await scene.leaveEvent().then(() => 'it was taken', String)
    if (!refused.includes(sentence)) throw new Error(`a write was told: ${refused}`)
    operator.doesNotSee(/token\.get: (?!served)/)
    operator.did('it takes writes again')
    await end(redis)
    await operator.allIsWell()
    await scene.leaveEvent()
    redis.disconnect()
  },
})

export const redisTakesNoWrites: readonly Drill[] = troubles.map(drillOf)
