import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runExport } from '../export/run-export.ts'
import { eventually } from './eventually.ts'
import { startTestNode, type TestNode, type TestNodeOptions } from './node.ts'
import { answered, scriptedProvider } from './scripted-provider.ts'
import { getToken, putTestAccount } from './test-account.ts'

export type ScriptedProvider = ReturnType<typeof scriptedProvider>

/** Runs `use` with a node on these engines. */
export async function onNode(
  engines: Pick<TestNodeOptions, 'natsUrl' | 'redisUrl'>,
  use: (node: TestNode, provider: ScriptedProvider) => Promise<void>,
): Promise<void> {
  const provider = scriptedProvider()
  const { refreshToken } = provider
  await using node = await startTestNode({ ...engines, refreshToken, partitions: 64 })
  await use(node, provider)
}

/** One forced refresh, answered with these tokens; answers the refresh token it spent. */
export async function refreshOnce(node: TestNode, provider: ScriptedProvider, account: string, to: number) {
  const before = provider.requests.length
  await eventually(
    async () => {
      const forced = getToken(node, account, { forceRefresh: true, ifGeneration: to - 1 })
      const sent = provider.asked(before + 1).then(() => true)
      if (await Promise.race([sent, forced.then(() => false)])) return
      throw new Error(`not sent yet: ${(await forced).error}`)
    },
    { every: 250 },
  )
  provider.answer(answered({ accessToken: `a${to}`, refreshToken: `r${to}`, expiresIn: 3_600 }))
  await eventually(
    async () => expect(await getToken(node, account)).toMatchObject({ accessToken: `a${to}` }),
    { every: 100 },
  )
  return provider.requests.at(-1)?.refreshToken?.reveal()
}

/** An export while its node runs, which keeps still, has so many accounts. */
export async function isExportedWhole(
  engines: Pick<TestNodeOptions, 'natsUrl' | 'redisUrl'>,
  accounts: number,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tokenbus-export-'))
  const { code, lines } = await runExport({
    ...engines,
    directory,
    name: 'all',
    options: ['--while-nodes-run'],
  })
  await rm(directory, { recursive: true })
  expect({ code, summary: lines.at(-1) }).toMatchObject({ code: 0, summary: { summary: { accounts } } })
}

/** The behaviour on every engine: many accounts, single flight, lists, events, history, deletion. */
export async function everythingWorks(node: TestNode, provider: ScriptedProvider): Promise<void> {
  const { tokenbus, storage } = node
  const emoji = '💩'.repeat(256)
  const accounts = [emoji, ...Array.from({ length: 99 }, (_, i) => `account-${i}`)]
  for (const account of accounts) await putTestAccount(node, account)
  expect(await refreshOnce(node, provider, emoji, 2)).toBe('r1')
  expect(await tokenbus.listAccounts({ state: 'valid', limit: 1_000 })).toMatchObject({
    value: { accounts: { length: 100 } },
  })
  expect(await storage.records.countByApp('app')).toBe(100)
  await eventually(async () => expect(await storage.records.outbox.size()).toBe(0))
  expect(await tokenbus.accountHistory(emoji, {})).toMatchObject({ value: { transitions: { length: 3 } } })
  const ref = { kind: 'account', id: emoji } as const
  const { saveId } = await storage.records.load(ref)
  expect(await storage.confirmSave({ ref, saveId: saveId as string })).toBe(true)
  for (const account of accounts) await tokenbus.deleteAccount(account, {})
  expect(await storage.records.countByApp('app')).toBe(0)
}
