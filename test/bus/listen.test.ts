import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { ok } from '../../src/contract/failures.ts'
import { encodeId } from '../../src/contract/subject-token.ts'
import type { Tokenbus } from '../../src/contract/tokenbus.ts'
import { outcome, startBus } from './start-bus.ts'

/** Answers with the call it got, secrets revealed, so that a test sees what crossed the wire. */
function echo(method: keyof Tokenbus): Partial<Tokenbus> {
  return { [method]: async (...args: unknown[]) => ok({ method, args: args.map(revealed) }) }
}

function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]))
}

const put = { app: 'crm', user: 'alice@example.com' }
const app = { provider: 'oidc', clientId: 'me' }

describe('each request reaches its method', () => {
  it.each<[subject: string, payload: unknown, method: keyof Tokenbus, args: unknown[]]>([
    ['token.get.alice', undefined, 'getToken', ['alice', {}]],
    [
      'token.get.a%2Eb',
      { forceRefresh: true, ifGeneration: 3 },
      'getToken',
      ['a.b', { forceRefresh: true, ifGeneration: 3 }],
    ],
    ['token.reject.alice', { generation: 2 }, 'rejectToken', ['alice', { generation: 2 }]],
    [
      'account.put.alice',
      { ...put, refreshToken: 'r' },
      'putAccount',
      ['alice', { ...put, refreshToken: 'r' }],
    ],
    ['account.get.alice', undefined, 'getAccount', ['alice']],
    ['account.list', { limit: 2, state: 'revoked' }, 'listAccounts', [{ limit: 2, state: 'revoked' }]],
    ['account.list', undefined, 'listAccounts', [{}]],
    ['account.revoke.alice', { reason: 'left' }, 'revokeAccount', ['alice', { reason: 'left' }]],
    [
      'account.delete.alice',
      { revokeAtProvider: true },
      'deleteAccount',
      ['alice', { revokeAtProvider: true }],
    ],
    ['account.history.alice', { limit: 7 }, 'accountHistory', ['alice', { limit: 7 }]],
    ['app.put.crm', { ...app, clientSecret: 's' }, 'putApp', ['crm', { ...app, clientSecret: 's' }]],
    ['app.get.crm', undefined, 'getApp', ['crm']],
    ['app.list', undefined, 'listApps', []],
    ['app.delete.crm', {}, 'deleteApp', ['crm', {}]],
    ['app.secret.add.crm', { secret: 's', id: 'b' }, 'addSecret', ['crm', { secret: 's', id: 'b' }]],
    ['app.secret.remove.crm', { id: 'b' }, 'removeSecret', ['crm', { id: 'b' }]],
    ['app.verify.crm', { user: 'u' }, 'verifyApp', ['crm', { user: 'u' }]],
    [
      'api-token.create',
      { name: 'crm', scopes: ['token:read'], accounts: 'team-a-*' },
      'createApiToken',
      [{ name: 'crm', scopes: { 0: 'token:read' }, accounts: 'team-a-*' }],
    ],
    ['api-token.list', undefined, 'listApiTokens', []],
    ['api-token.revoke.abc_-', {}, 'revokeApiToken', ['abc_-']],
  ])('%s %j', async (subject, payload, method, args) => {
    await using bus = await startBus(echo(method))
    const { code, body } = outcome(await bus.ask(subject, payload))
    expect({ code, body }).toEqual({ code: undefined, body: { method, args } })
  })
})

describe('token.get', () => {
  const fromHost = '{"accessToken":"from the host"}'
  const fromMemory = '{"accessToken":"from memory"}'
  const reply = new TextEncoder().encode(fromHost)
  const remembered = new TextEncoder().encode(fromMemory)

  it('sends the cached bytes unchanged', async () => {
    await using bus = await startBus({ getToken: async () => ok(reply) })
    expect((await bus.ask('token.get.alice')).string()).toBe(fromHost)
  })

  it('answers an id of 256 emoji', async () => {
    const id = '💩'.repeat(256)
    await using bus = await startBus(echo('getToken'))
    expect(outcome(await bus.ask(`token.get.${encodeId(id)}`)).body.args).toEqual([id, {}])
  })

  it('asks the cache first, and tokenbus only if the cache has no reply', async () => {
    const asked: unknown[] = []
    await using bus = await startBus(
      { getToken: async () => ok(reply) },
      {
        readCached(token, payload) {
          asked.push([token, payload.length])
          return token === 'alice%2Ea' && payload.length === 0 ? remembered : undefined
        },
      },
    )
    expect((await bus.ask('token.get.alice%2Ea')).string()).toBe(fromMemory)
    expect((await bus.ask('token.get.alice%2Ea', {})).string()).toBe(fromHost)
    expect((await bus.ask('token.get.bob')).string()).toBe(fromHost)
    expect(asked).toEqual([
      ['alice%2Ea', 0],
      ['alice%2Ea', 2],
      ['bob', 0],
    ])
  })

  it('asks tokenbus if the cache throws', async () => {
    await using bus = await startBus(
      { getToken: async () => ok(reply) },
      {
        readCached() {
          throw new Error('broken')
        },
      },
    )
    expect((await bus.ask('token.get.alice')).string()).toBe(fromHost)
  })

  it('does not ask the cache for other verbs', async () => {
    await using bus = await startBus(echo('rejectToken'), { readCached: () => remembered })
    expect(outcome(await bus.ask('token.reject.alice', { generation: 1 })).body.method).toBe('rejectToken')
  })
})
