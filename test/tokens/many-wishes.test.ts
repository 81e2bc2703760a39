import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { useEngines } from '../support/engines.ts'
import { startTestNode } from '../support/node.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'
import { getToken, putTestAccount } from '../support/test-account.ts'

const engines = useEngines()
const callers = 3_000

it('3,000 callers with different minValidity share two loads, the one in flight and the next, and one of the app', async () => {
  const { refreshToken, requests } = scriptedProvider()
  await using node = await startTestNode({ ...engines, refreshToken, waker: false })
  await putTestAccount(node, 'alice')
  const redis = new Redis(engines.redisUrl)
  const scriptsRun = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)

  const before = await scriptsRun()
  const wishes = Array.from({ length: callers }, (_, minValidity) => getToken(node, 'alice', { minValidity }))
  const answers = await Promise.all(wishes)
  const loads = (await scriptsRun()) - before
  redis.disconnect()
  expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set(['a1']))
  expect(loads).toBeLessThanOrEqual(3)
  expect(requests).toEqual([])
})
