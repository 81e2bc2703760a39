import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { registering, startWithCrm } from './crm-accounts.ts'
import type { HttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startWithCrm()
})
afterAll(() => http[Symbol.asyncDispose]())

const register = registering(() => http)

describe('the account list', () => {
  const ids = Array.from({ length: 7 }, (_, i) => `list-a-${i}`)
  beforeAll(async () => {
    for (const id of [...ids, 'list-b-0', 'list-ä', 'list-']) await register(id)
  })

  const list = async (query: string, token?: string) =>
    (await http.ask('GET', `/v1/accounts?${query}`, token ? { token } : {})).body
  const named = (page: { accounts: { account: string }[] }) => page.accounts.map(({ account }) => account)

  it('returns pages with each account once, and the total', async () => {
    const pages = await Promise.all(
      [0, 1, 2, 3].map((page) => list(`prefix=list-a-&pageSize=3&page=${page}`)),
    )
    expect(pages.map(({ total, page, pages: all }) => [total, page, all])).toEqual([
      [7, 0, 3],
      [7, 1, 3],
      [7, 2, 3],
      [7, 3, 3],
    ])
    expect(pages.map((page) => page.accounts.length)).toEqual([3, 3, 1, 0])
    expect(pages.flatMap(named).sort()).toEqual(ids)
  })

  it('continues from a cursor', async () => {
    const first = await list('prefix=list-a-&pageSize=4')
    const second = await list(`prefix=list-a-&pageSize=4&cursor=${first.cursor}`)
    expect([...named(first), ...named(second)].sort()).toEqual(ids)
    expect((await http.ask('GET', '/v1/accounts?cursor=nonsense')).body).toMatchObject({
      error: 'bad_request',
      fields: [{ key: 'cursor', message: 'must be a cursor of an earlier list' }],
    })
  })

  it('is filtered by state and app', async () => {
    expect((await list('prefix=list-&state=valid&app=crm')).total).toBe(10)
    expect((await list('prefix=list-&state=valid&app=crm&pageSize=4&page=2')).accounts).toHaveLength(2)
    expect((await list('prefix=list-&state=revoked')).total).toBe(0)
    expect((await http.ask('GET', '/v1/accounts?state=sad')).status).toBe(400)
  })

  it('shows an API token its own accounts only, whatever the filter', async () => {
    const { token } = await http.createApiToken({ scopes: ['account:write'], accounts: 'list-a-*' })
    expect(named(await list('pageSize=100', token)).sort()).toEqual(ids)
    expect(named(await list('prefix=list-a-3', token))).toEqual(['list-a-3'])
    expect(await list('prefix=list-b', token)).toEqual({ total: 0, page: 0, pages: 0, accounts: [] })
    expect(named(await list('prefix=list-&pageSize=100', token)).sort()).toEqual(ids)
    // An invalid cursor, or one of another list.
    for (let partition = 0; partition < 64; partition++) {
      const cursor = Buffer.from(JSON.stringify([partition, 'a'])).toString('base64url')
      for (const account of named(await list(`cursor=${cursor}`, token))) expect(ids).toContain(account)
    }
    const { token: single } = await http.createApiToken({ scopes: ['account:write'], accounts: 'list-' })
    expect(named(await list('', single))).toEqual(['list-'])
  })

  it('an API token for some accounts cannot register others', async () => {
    const { token } = await http.createApiToken({ scopes: ['account:write'], accounts: 'team-*' })
    expect((await register('other', {}, token)).status).toBe(403)
    expect((await register(null, {}, token)).status).toBe(403)
    expect((await register('team-1', {}, token)).status).toBe(200)
  })
})
