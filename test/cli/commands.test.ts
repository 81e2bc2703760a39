import { describe, expect, it } from 'vitest'
import { useAnsweringBus } from './answering-bus.ts'

const bus = useAnsweringBus()
const { tokenbus } = bus

describe('requests', () => {
  it.each<[string[], string, unknown]>([
    [['token', 'alice'], 'token.get.alice', {}],
    [
      ['token', 'alice@example.com', '--min-validity', '300'],
      'token.get.alice@example%2Ecom',
      { minValidity: 300 },
    ],
    [
      ['token', 'alice', '--force', '--if-generation', '3'],
      'token.get.alice',
      { forceRefresh: true, ifGeneration: 3 },
    ],
    [['token', 'alice', '--scope', 'x', 'y'], 'token.get.alice', { scopes: ['x', 'y'] }],
    [['reject', 'alice', '--generation', '3'], 'token.reject.alice', { generation: 3 }],
    [['account', 'get', 'alice'], 'account.get.alice', {}],
    [['account', 'revoke', 'alice'], 'account.revoke.alice', {}],
    [
      ['account', 'revoke', 'alice', '--reason', 'left', '--at-provider'],
      'account.revoke.alice',
      { reason: 'left', revokeAtProvider: true },
    ],
    [
      ['reject', 'alice', '--generation', '3', '--claims', 'e30'],
      'token.reject.alice',
      { generation: 3, claims: 'e30' },
    ],
    [['account', 'delete', 'alice', '--revoke'], 'account.delete.alice', { revokeAtProvider: true }],
    [['account', 'delete', 'alice', '--if-version', '3-x'], 'account.delete.alice', { ifVersion: '3-x' }],
    [['account', 'revoke', 'alice', '--if-version', '3'], 'account.revoke.alice', { ifVersion: 3 }],
    [['account', 'put', 'alice', '--if-version', '0'], 'account.put.alice', { ifVersion: 0 }],
    [['app', 'put', 'a', '--if-version', '*'], 'app.put.a', { ifVersion: '*' }],
    [['app', 'delete', 'a', '--if-version', '3'], 'app.delete.a', { ifVersion: 3 }],
    [
      ['app', 'secret', 'add', 'a', '--secret', '-', '--if-version', '3'],
      'app.secret.add.a',
      { secret: 'from stdin', ifVersion: 3 },
    ],
    [
      ['app', 'secret', 'remove', 'a', 's1', '--if-version', '3'],
      'app.secret.remove.a',
      { id: 's1', ifVersion: 3 },
    ],
    [
      [
        'account',
        'put',
        'alice',
        '--app',
        'a',
        '--user',
        'u',
        '--refresh-token',
        '-',
        '--scope',
        'x',
        'y',
        '--policy',
        'eager',
      ],
      'account.put.alice',
      { app: 'a', user: 'u', refreshToken: 'from stdin', scopes: ['x', 'y'], policy: 'eager' },
    ],
    [
      [
        'app',
        'put',
        'a',
        '--provider',
        'oidc',
        '--client-id',
        'c',
        '--client-secret',
        'env:SECRET',
        '--issuer',
        'https://i',
      ],
      'app.put.a',
      { provider: 'oidc', clientId: 'c', clientSecret: 'from env', issuer: 'https://i' },
    ],
    [['app', 'put', 'a', '--payload', '{"provider":"oidc"}'], 'app.put.a', { provider: 'oidc' }],
    [
      [
        'app',
        'put',
        'a',
        '--setting',
        'pkce=false',
        'scopeSeparator=,',
        'answer={"path":"data"}',
        'redirectUri=N=1',
      ],
      'app.put.a',
      { pkce: false, scopeSeparator: ',', answer: { path: 'data' }, redirectUri: 'N=1' },
    ],
    [
      ['app', 'put', 'a', '--provider', 'outlookService', '--tenant', 't', '--cloud', 'china'],
      'app.put.a',
      { provider: 'outlookService', tenant: 't', cloud: 'china' },
    ],
    [['app', 'secret', 'add', 'a', '--secret', '-'], 'app.secret.add.a', { secret: 'from stdin' }],
    [['app', 'secret', 'remove', 'a', 's1'], 'app.secret.remove.a', { id: 's1' }],
    [['app', 'verify', 'a', '--user', 'u'], 'app.verify.a', { user: 'u' }],
  ])('%j', async (args, subject, payload) => {
    bus.answer = () => ({ app: 'a', state: 'healthy', ok: true, steps: [] })
    const { code, err } = await tokenbus(args, { stdin: 'from stdin\n', env: { SECRET: 'from env' } })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(bus.asked).toEqual([{ subject, payload }])
  })
})
