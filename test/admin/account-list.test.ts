import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAccountList } from '../../src/admin/account-list.ts'
import type { AccountView } from '../../src/contract/account.ts'
import { type AccountList, accountListSchema } from '../../src/contract/account.ts'
import { ok } from '../../src/contract/failures.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()
let node: TestNode
beforeAll(async () => {
  node = await startTestNode({ ...engines, refreshToken: scriptedProvider().refreshToken, waker: false })
  for (const app of ['lists', 'others'])
    await node.tokenbus.putApp(app, { ...sandboxApp, grant: 'client_credentials' })
  for (let i = 0; i < 40; i++)
    await node.tokenbus.putAccount(`${i % 2 ? 'Team' : 'team'}-${i}`, {
      app: i % 4 === 0 ? 'lists' : 'others',
      user: `User${i % 10}@example.com`,
    })
  await node.tokenbus.revokeAccount('team-8', { reason: 'left' })
  await node.tokenbus.revokeAccount('Team-9', { reason: 'moved' })
})
afterAll(() => node[Symbol.asyncDispose]())

async function list(query: AccountList) {
  const page = await node.tokenbus.listAccounts(query)
  if (!page.ok) throw new Error(page.failure.message)
  return { ids: page.value.accounts.map(({ account }) => account), cursor: page.value.cursor }
}

describe('a list of accounts', () => {
  it('is ordered by id, also across pages', async () => {
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await list({ limit: 7, ...(cursor && { cursor }) })
      found.push(...page.ids)
      cursor = page.cursor
    } while (cursor)
    expect(found).toHaveLength(40)
    expect(found).toEqual(found.toSorted())
  })

  it.each<[AccountList, string[]]>([
    [
      { search: 'TEAM-3' },
      [
        'Team-3',
        'Team-31',
        'Team-33',
        'Team-35',
        'Team-37',
        'Team-39',
        'team-30',
        'team-32',
        'team-34',
        'team-36',
        'team-38',
      ],
    ],
    [{ search: 'team-3', prefix: 'team' }, ['team-30', 'team-32', 'team-34', 'team-36', 'team-38']],
    [{ search: 'user4@' }, ['team-14', 'team-24', 'team-34', 'team-4']],
    [{ user: 'user4@EXAMPLE.com', app: 'lists' }, ['team-24', 'team-4']],
    [{ user: 'user4' }, []],
    [{ reason: 'left' }, ['team-8']],
    [{ reason: 'moved', state: 'revoked' }, ['Team-9']],
    [{ reason: 'left', state: 'valid' }, []],
  ])('is filtered by %j', async (query, ids) => {
    expect(await list(query)).toEqual({ ids, cursor: undefined })
    const { cursor } = await list({ ...query, limit: 1 })
    const rest = cursor === undefined ? [] : (await list({ ...query, cursor })).ids
    expect(rest).toEqual(ids.slice(1))
  })

  it('continues in its order after a page of an older node, or a numbered page', async () => {
    const first = await node.tokenbus.listAccounts({ page: 0, limit: 10 })
    if (!first.ok) throw new Error(first.failure.message)
    const { accounts, cursor, total } = first.value
    const rest = await list({ cursor: cursor as string, limit: 100 })
    expect(total).toBe(40)
    expect(new Set([...accounts.map(({ account }) => account), ...rest.ids]).size).toBe(40)
  })

  it('supports no page number with filters that have no index', () => {
    expect(accountListSchema.safeParse({ page: 0, search: 'a' }).error?.issues[0]).toMatchObject({
      path: ['page'],
    })
  })
})

describe('one request', () => {
  /** 5,000 accounts, of which none is read but here. */
  function manyAccounts(metadata = {}) {
    let read = 0
    const ids = Array.from({ length: 5_000 }, (_, i) => String(i).padStart(4, '0'))
    const { listAccounts } = createAccountList({
      records: {
        async listSorted({ cursor = '', limit }) {
          const found = ids.filter((id) => id > cursor).slice(0, limit)
          return { ids: found, ...(found.length === limit && { cursor: found.at(-1) as string }) }
        },
        listFrom: () => Promise.reject(new Error('not asked for here')),
        cursorAfter: (id) => id,
      },
      reader: () => async (account) => {
        read++
        return ok({ account, user: `user-${account}`, metadata } as unknown as AccountView)
      },
    })
    return { listAccounts, read: () => read }
  }

  it('reads a thousand accounts at most, and answers a cursor', async () => {
    const { listAccounts, read } = manyAccounts()
    expect(await listAccounts({ search: '4999' })).toEqual(ok({ accounts: [], cursor: '0999' }))
    expect(read()).toBe(1_000)
    expect(await listAccounts({ search: '4999', cursor: '3999' })).toMatchObject({
      value: { accounts: [{ account: '4999' }] },
    })
  })

  it('answers no more bytes than a message may have, and a cursor', async () => {
    const { listAccounts } = manyAccounts({ notes: 'x'.repeat(60_000) })
    const page = await listAccounts({ limit: 1_000 })
    expect(page).toMatchObject({ value: { cursor: '0008' } })
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(700_000)
  })
})
