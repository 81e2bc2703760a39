import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRevokeAtProvider } from '../../src/admin/revoke-at-provider.ts'
import { Secret } from '../../src/common/secret.ts'
import { fail, ok } from '../../src/contract/failures.ts'
import { connectUser } from '../../src/sandbox/demo.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { startProvider, timing } from '../provider/ask.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'

const engines = useEngines()
let sandbox: Sandbox
let node: TestNode
let bus: NatsConnection
const provider = startProvider()
const events: { type: string; account: string; reason?: string }[] = []
let revokeToken = provider.revokeToken

beforeAll(async () => {
  sandbox = await startSandbox({ port: 0, accessTokenSeconds: 600 })
  node = await startTestNode({
    ...engines,
    refreshToken: provider.refreshToken,
    revokeToken: (request) => revokeToken(request),
    waker: false,
  })
  bus = await connect({ servers: engines.natsUrl })
  for (const subject of ['token.invalid.*', 'account.removed.*'])
    bus.subscribe(subject, { callback: (_, message) => events.push(message.json()) })
  const { id: clientId, secret: clientSecret } = sandbox.client
  const put = { provider: 'oidc', issuer: sandbox.url, clientId, clientSecret } as const
  expect(await node.tokenbus.putApp('sandbox', put)).toMatchObject({ ok: true })
})
afterAll(async () => {
  await bus.close()
  await node[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
  await sandbox.close()
})

/** A person's own consent; answers the grant, and whether the provider still takes its refresh token. */
async function connected(account: string) {
  const grant = await connectUser({ sandbox, provider, user: account })
  expect(await node.tokenbus.putAccount(account, grant)).toMatchObject({ ok: true })
  const isAlive = async () => {
    const { config } = await node.host.apps.look('sandbox')
    const asked = {
      config: config as NonNullable<typeof config>,
      clientSecret: sandbox.client.secret,
      user: account,
      timing,
    }
    const answer = await provider.refreshToken({ ...asked, refreshToken: grant.refreshToken as Secret })
    return answer.kind === 'tokens'
  }
  return { grant, isAlive }
}

const told = (type: string, account: string) =>
  eventually(() => {
    const found = events.filter((event) => event.type === type && event.account === account)
    if (found.length === 0) throw new Error(`${type} of ${account} was not heard`)
    return found
  })

describe('deleting an account', () => {
  it('revokes at the provider if requested, reports the confirmation, and publishes account.removed', async () => {
    const { isAlive } = await connected('asked')
    expect(await node.tokenbus.deleteAccount('asked', { revokeAtProvider: true })).toEqual(
      ok({ account: 'asked', deleted: true, revokedAtProvider: true }),
    )
    expect(await isAlive()).toBe(false)
    expect(await told('account.removed', 'asked')).toMatchObject([
      { app: 'sandbox', user: 'asked@example.com' },
    ])
    expect(await node.tokenbus.deleteAccount('asked', { revokeAtProvider: true })).toMatchObject({
      failure: { error: 'account_not_found' },
    })
  })

  it('leaves the grant in place if not requested', async () => {
    const { isAlive } = await connected('unasked')
    expect(await node.tokenbus.deleteAccount('unasked', {})).toEqual(
      ok({ account: 'unasked', deleted: true }),
    )
    expect(await isAlive()).toBe(true)
  })

  it('revokes both tokens with the credentials of the app, the refresh token first', async () => {
    const { grant } = await connected('both')
    const asked: unknown[] = []
    revokeToken = async ({ token, kind, clientSecret }) => {
      asked.push([kind, token.reveal(), clientSecret?.reveal()])
      return ok(undefined)
    }
    await node.tokenbus.deleteAccount('both', { revokeAtProvider: true })
    const secret = sandbox.client.secret.reveal()
    expect(asked).toEqual([
      ['refresh_token', grant.refreshToken?.reveal(), secret],
      ['access_token', grant.accessToken?.reveal(), secret],
    ])
  })

  it('succeeds if the provider is unreachable, and reports that it did not confirm', async () => {
    await connected('away')
    revokeToken = async () => fail('provider_unavailable', 'it is away')
    expect(await node.tokenbus.deleteAccount('away', { revokeAtProvider: true })).toEqual(
      ok({ account: 'away', deleted: true, revokedAtProvider: false }),
    )
    expect(await node.tokenbus.getAccount('away')).toMatchObject({ failure: { error: 'account_not_found' } })
  })

  it('also revokes tokens that a concurrent refresh brought', async () => {
    await connected('racing')
    const revoked: string[] = []
    revokeToken = async ({ token, kind }) => {
      if (kind === 'refresh_token') revoked.push(token.reveal())
      if (revoked.length === 1) {
        const newer = { app: 'sandbox', user: 'racing@example.com', refreshToken: new Secret('newer') }
        await node.tokenbus.putAccount('racing', newer)
      }
      return ok(undefined)
    }
    await node.tokenbus.deleteAccount('racing', { revokeAtProvider: true })
    expect(revoked).toEqual([expect.any(String), 'newer'])
  })

  it('does not wait long for a slow provider', async () => {
    const revokeAtProvider = createRevokeAtProvider({
      accounts: node.host.accounts,
      apps: node.host.apps,
      provider: { revokeToken: () => new Promise(() => {}) },
      logger: { info() {}, warn() {} },
      timers: {
        after(milliseconds, job) {
          expect(milliseconds).toBeLessThan(5_000)
          queueMicrotask(job)
          return () => {}
        },
      },
    })
    await connected('slow')
    expect(await revokeAtProvider('slow', await node.host.accounts.load('slow'))).toBe(false)
  })
})

describe('an operator revokes an account', () => {
  it('which then serves no token, is announced once, and stays revoked until it is connected again', async () => {
    revokeToken = provider.revokeToken
    const { isAlive } = await connected('left')
    const revoke = () => node.tokenbus.revokeAccount('left', { reason: 'left_the_company' })
    expect(await revoke()).toMatchObject({
      value: { state: 'revoked', class: 'A', reason: 'left_the_company' },
    })
    expect(await node.tokenbus.getToken('left', {})).toMatchObject({ failure: { error: 'grant_revoked' } })
    expect(await revoke()).toMatchObject({ value: { state: 'revoked' } })
    expect(await told('token.invalid', 'left')).toMatchObject([
      { reason: 'left_the_company', reported: true, previousState: 'valid', recoverable: false },
    ])
    expect(await isAlive()).toBe(true)
    await connected('left')
    expect(await node.tokenbus.getToken('left', {})).toMatchObject({ ok: true })
  })

  it('at the provider too, and may repeat it', async () => {
    const { isAlive } = await connected('stubborn')
    const revoke = () => node.tokenbus.revokeAccount('stubborn', { revokeAtProvider: true })
    revokeToken = async () => fail('provider_unavailable', 'it is away')
    expect(await revoke()).toMatchObject({ value: { state: 'revoked', revokedAtProvider: false } })
    revokeToken = provider.revokeToken
    expect(await revoke()).toMatchObject({
      value: { reason: 'revoked_by_operator', revokedAtProvider: true },
    })
    expect(await isAlive()).toBe(false)
  })

  it('that does not exist', async () =>
    expect(await node.tokenbus.revokeAccount('nobody', {})).toMatchObject({
      failure: { error: 'account_not_found' },
    }))
})
