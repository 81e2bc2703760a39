import { Redis } from 'ioredis'
import { expect, it, vi } from 'vitest'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode } from '../support/node.ts'
import { answered, scriptedProvider } from '../support/scripted-provider.ts'
import { getToken, putTestAccount } from '../support/test-account.ts'

const engines = useEngines()

it('a refresh runs four scripts: it loads the account and its app, and saves the intent and the answer', async () => {
  const { refreshToken, asked, answer } = scriptedProvider()
  await using node = await startTestNode({ ...engines, refreshToken, waker: false })
  await putTestAccount(node, 'alice')
  const redis = new Redis(engines.redisUrl)
  const scriptsRun = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)

  async function refresh(count: number): Promise<number> {
    const before = await scriptsRun()
    const forced = getToken(node, 'alice', { forceRefresh: true })
    await asked(count)
    answer(answered({ accessToken: `a${count}`, refreshToken: `r${count}`, expiresIn: 3_600 }))
    await forced
    await eventually(async () => expect(await node.storage.records.outbox.size()).toBe(0))
    return (await scriptsRun()) - before
  }

  // The first refresh reports to the app that its secret is accepted.
  await refresh(1)
  const scripts = await refresh(2)
  redis.disconnect()
  expect(scripts).toBe(4)
})

it('a refresh decrypts the tokens of its account once', async () => {
  const { refreshToken, asked, answer } = scriptedProvider()
  await using node = await startTestNode({ ...engines, refreshToken, waker: false })
  await putTestAccount(node, 'bob')
  const open = vi.spyOn(node.storage.sealer, 'open')
  const forced = getToken(node, 'bob', { forceRefresh: true })
  await asked(1)
  answer(answered({ accessToken: 'a1', refreshToken: 'r1', expiresIn: 3_600 }))
  await forced
  expect(open.mock.calls.filter(([{ account }]) => account === 'bob')).toHaveLength(1)
})
