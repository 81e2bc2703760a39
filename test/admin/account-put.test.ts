import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AccountPut } from '../../src/contract/account.ts'
import { useEngines } from '../support/engines.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'

const engines = useEngines()
let node: TestNode
const provider = scriptedProvider()

beforeAll(async () => {
  node = await startTestNode({
    ...engines,
    refreshToken: provider.refreshToken,
    waker: false,
  })
  await node.tokenbus.putApp('app', { ...sandboxApp })
})
afterAll(async () => {
  await node[Symbol.asyncDispose]()
})

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

let count = 0
function newAccount() {
  const account = `put-${++count}`
  const put = (
    body: Partial<Omit<AccountPut, 'accessToken' | 'refreshToken'>> & { access?: string; refresh?: string },
  ) => {
    const { access, refresh, ...rest } = body
    return node.tokenbus.putAccount(account, {
      app: 'app',
      user: 'someone',
      ...(access && { accessToken: new Secret(access), expires: inAnHour() }),
      ...(refresh && { refreshToken: new Secret(refresh) }),
      ...rest,
    })
  }
  const token = async () => {
    const reply = await node.tokenbus.getToken(account, {})
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)).accessToken : reply.failure.error
  }
  const refresh = async (answer: Parameters<typeof provider.answer>[0]) => {
    const before = provider.requests.length
    const forced = node.tokenbus.getToken(account, { forceRefresh: true })
    await provider.asked(before + 1)
    provider.answer(answer)
    await forced
    return provider.requests.at(-1)?.refreshToken?.reveal()
  }
  return { account, put, token, refresh }
}

describe('putting an account', () => {
  it('never rolls a token back: a used one changes nothing', async () => {
    const { put, token, refresh } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    await refresh(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
    expect(await put({ access: 'a1', refresh: 'r1' })).toMatchObject({ ok: true, value: { generation: 2 } })
    expect(await token()).toBe('a2')
    expect(await refresh(answered({ accessToken: 'a3', refreshToken: 'r3', expiresIn: 3600 }))).toBe('r2')
  })

  it('repeated changes nothing: no older access token, no event', async () => {
    const { account, put, token, refresh } = newAccount()
    const first = { access: 'a1', refresh: 'r1', expires: inAnHour() }
    await put(first)
    await refresh(answered({ accessToken: 'a2', expiresIn: 7200 }))
    const { version } = await node.storage.records.load({ kind: 'account', id: account })
    expect(await put(first)).toMatchObject({ ok: true, value: { generation: 2 } })
    expect(await token()).toBe('a2')
    expect(await node.storage.records.load({ kind: 'account', id: account })).toMatchObject({ version })
  })

  it('replaces the grant, and drops later answers of the old one', async () => {
    const { account, put, token } = newAccount()
    await put({ access: 'old', refresh: 'r1' })
    const before = provider.requests.length
    const forced = node.tokenbus.getToken(account, { forceRefresh: true })
    await provider.asked(before + 1)
    await put({ access: 'new', refresh: 'r9' })
    provider.answer(answered({ accessToken: 'late', refreshToken: 'r2', expiresIn: 3600 }))
    await forced
    await node.host.attempts.drained()
    expect(await token()).toBe('new')
  })

  it('without a refresh token keeps the stored one if the user is the same', async () => {
    const { put, token, refresh } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    expect(await put({ access: 'a2' })).toMatchObject({ value: { generation: 2 } })
    expect(await token()).toBe('a2')
    expect(await refresh(answered({ accessToken: 'a3', expiresIn: 3600 }))).toBe('r1')
    expect(await put({ user: 'somebody else', access: 'a4' })).toMatchObject({
      failure: { error: 'invalid_config', message: expect.stringContaining('refreshToken') },
    })
  })

  it('requires a refresh token to connect, or an access token to serve until it expires', async () => {
    expect(await newAccount().put({})).toMatchObject({ failure: { error: 'invalid_config' } })
    const { put, token } = newAccount()
    expect(await put({ access: 'only' })).toMatchObject({ value: { state: 'valid' } })
    expect(await token()).toBe('only')
  })

  it('merges metadata, and removes members that are null', async () => {
    const { account, put } = newAccount()
    await put({ refresh: 'r1', metadata: { team: 'blue', since: 2020, tags: ['a'] } })
    expect(await put({ metadata: { team: 'red', since: null, tags: null, note: 'x' } })).toMatchObject({
      value: { metadata: { team: 'red', note: 'x' } },
    })
    await put({ refresh: 'of another grant', metadata: { name: 'Al' } })
    const seen = await node.tokenbus.getAccount(account)
    expect(seen.ok && seen.value.metadata).toEqual({ team: 'red', note: 'x', name: 'Al' })
    expect(await put({ metadata: { more: 'x'.repeat(65_530) } })).toMatchObject({
      failure: { error: 'bad_request', message: expect.stringMatching(/^metadata: /) },
    })
  })

  it('changes policy and metadata without a new generation', async () => {
    const { put } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    expect(await put({ policy: 'eager', metadata: { team: 'blue' } })).toMatchObject({
      value: { generation: 1, policy: 'eager', metadata: { team: 'blue' } },
    })
  })

  it('with ifGeneration writes only on that generation', async () => {
    const { put } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    expect(await put({ refresh: 'r2', ifGeneration: 7 })).toMatchObject({ failure: { error: 'conflict' } })
    expect(await put({ refresh: 'r2', access: 'a2', ifGeneration: 1 })).toMatchObject({
      value: { generation: 2 },
    })
  })

  it('for a missing app is rejected', async () => {
    expect(await newAccount().put({ app: 'nowhere', refresh: 'r' })).toMatchObject({
      failure: { error: 'app_not_found' },
    })
  })

  it('tries the current token of a revoked grant once per put, and serves nothing until it succeeds', async () => {
    const { account, put, token, refresh } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    const dead = { state: 'revoked', class: 'A', reason: 'grant_revoked' }
    await refresh(refused({ class: 'A', reason: 'grant_revoked' }))
    expect(await node.tokenbus.getAccount(account)).toMatchObject({ value: dead })
    for (const answer of [
      refused({ class: 'R', reason: 'grant_revoked' }),
      answered({ accessToken: 'a2', expiresIn: 3600 }),
    ]) {
      const { length } = provider.requests
      expect(await put({ refresh: 'r1' })).toMatchObject({
        value: { state: 'expiring', triedAgain: true, nextAttemptAt: expect.any(String) },
      })
      const asked = token()
      await provider.asked(length + 1)
      provider.answer(answer)
      expect(await asked).toBe(answer.kind === 'tokens' ? 'a2' : 'grant_revoked')
      expect(provider.requests.slice(length).map((each) => each.refreshToken?.reveal())).toEqual(['r1'])
    }
    expect(await put({ refresh: 'r1' })).not.toHaveProperty('value.triedAgain')
  })

  it('retries neither a grant that an operator revoked nor an older refresh token', async () => {
    const { account, put, refresh } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    await refresh(answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3600 }))
    await refresh(refused({ class: 'A', reason: 'grant_revoked' }))
    expect(await put({ access: 'a1', refresh: 'r1' })).toMatchObject({ value: { state: 'revoked' } })
    await put({ access: 'a3', refresh: 'r3' })
    await node.tokenbus.revokeAccount(account, {})
    expect(await put({ access: 'a3', refresh: 'r3' })).toMatchObject({
      value: { state: 'revoked', reason: 'revoked_by_operator' },
    })
  })

  it('restores a revoked account with a new grant', async () => {
    const { put, token, refresh } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    await refresh(refused({ class: 'A', reason: 'grant_revoked' }))
    expect(await put({ access: 'a2', refresh: 'r2' })).toMatchObject({
      value: { state: 'valid', generation: 2 },
    })
    expect(await token()).toBe('a2')
  })
})

describe('deleting an account', () => {
  it('deletes its tokens, and continues its generations when it is put again', async () => {
    const { account, put, token } = newAccount()
    await put({ access: 'a1', refresh: 'r1' })
    await put({ access: 'a2', refresh: 'r2' })
    expect(await node.tokenbus.deleteAccount(account, {})).toEqual({
      ok: true,
      value: { account, deleted: true },
    })
    expect(await token()).toBe('account_not_found')
    expect(await node.tokenbus.deleteAccount(account, {})).toMatchObject({
      failure: { error: 'account_not_found' },
    })
    const record = await node.storage.records.load({ kind: 'account', id: account })
    expect(record).toMatchObject({ generation: 2, version: 3, fields: {} })
    expect(await put({ access: 'a3', refresh: 'r1' })).toMatchObject({
      value: { generation: 3, state: 'valid' },
    })
    expect(await token()).toBe('a3')
  })

  it('keeps an app that has accounts from being deleted', async () => {
    const { account, put } = newAccount()
    await node.tokenbus.putApp('busy', { ...sandboxApp })
    await put({ app: 'busy', refresh: 'r1' })
    expect(await node.tokenbus.deleteApp('busy', {})).toMatchObject({ failure: { error: 'conflict' } })
    await node.tokenbus.deleteAccount(account, {})
    expect(await node.tokenbus.deleteApp('busy', {})).toMatchObject({ ok: true })
    expect(await node.tokenbus.deleteApp('busy', {})).toMatchObject({ failure: { error: 'app_not_found' } })
  })
})
