import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { expect, it, vi } from 'vitest'
import { connectRedis } from '../../src/redis/connect.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'

const engines = useEngines()

it('commands of one turn of the event loop are sent in one write, after a reconnect too', async () => {
  const redis = (await connectRedis({ url: engines.redisUrl, logger: pino({ level: 'silent' }) })) as Redis
  for (const connection of ['the first', 'the second']) {
    const uncork = vi.spyOn(redis.stream, 'uncork')
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => redis.echo(text)))
    expect({ connection, answers, writes: uncork.mock.calls.length }).toEqual({
      connection,
      answers: ['a', 'b', 'c'],
      writes: 1,
    })
    redis.stream.destroy()
    await eventually(() => redis.ping())
  }
  redis.disconnect()
})
