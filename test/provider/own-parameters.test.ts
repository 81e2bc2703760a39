import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { ask, config, tokensOf } from './ask.ts'
import { callback, codeVerifier, everyKind, formOf, kinds, parse, sent, tokens } from './sent-requests.ts'

describe('added and left out parameters', () => {
  const settings = {
    tokenParams: { grant_type: 'odd', resource: 'urn:a', redirect_uri: null, scope: null },
    refreshParams: { type: 'refresh', grant_type: null },
  }

  test('tokenParams, for a code', async () => {
    expect(formOf(await sent('code', settings))).toEqual({
      grant_type: 'odd',
      code: 'code-1',
      code_verifier: codeVerifier,
      resource: 'urn:a',
    })
  })

  test('tokenParams, for client credentials', async () => {
    expect(formOf(await sent('clientCredentials', settings))).toEqual({
      grant_type: 'odd',
      resource: 'urn:a',
    })
  })

  test('refreshParams, for a refresh only', async () => {
    expect(formOf(await sent('refresh', settings))).toEqual({ refresh_token: 'refresh-1', type: 'refresh' })
  })

  test('the client may be left out', async () => {
    const params = { client_id: null, client_secret: null, state: 'x' }
    const own = { refreshParams: params, clientAuth: 'client_secret_post' } as const
    expect(formOf(await sent('refresh', own))).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'refresh-1',
      state: 'x',
    })
    expect(formOf(await sent('code', own))).toMatchObject({ client_secret: 'the secret' })
    const query = { refreshParams: { client_id: null }, clientAuth: 'client_secret_query' } as const
    expect((await sent('refresh', query)).query).toEqual({ client_secret: 'the secret' })
  })

  test('an empty scope is left out', async () => {
    await using server = await tokens()
    const app = { ...config, tokenUrl: server.url, grant: 'client_credentials' as const, scopes: [] }
    await kinds.refresh(app, new Secret('s'))
    expect(formOf(parse(server.requests[0]))).toEqual({ grant_type: 'client_credentials' })
  })
})

test.each(everyKind)('tokenHeaders, in a %s request', async (kind) => {
  const tokenHeaders = {
    'Notion-Version': '2022-06-28',
    Accept: 'application/vnd.a+json',
    'user-agent': 'ours/1',
  }
  const { headers } = await sent(kind, { tokenHeaders })
  expect(headers).toMatchObject({
    'notion-version': '2022-06-28',
    accept: 'application/vnd.a+json',
    'user-agent': 'ours/1',
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
  })
})

test('parameterNames, with any body and client authentication', async () => {
  const parameterNames = {
    client_id: 'client_key',
    client_secret: 'secret',
    code: 'auth_code',
    grant_type: '',
  }
  const asForm = formOf(await sent('code', { parameterNames, clientAuth: 'client_secret_post' }))
  expect(asForm).toEqual({
    client_key: 'client:1',
    secret: 'the secret',
    auth_code: 'code-1',
    redirect_uri: callback,
    code_verifier: codeVerifier,
  })
  const asQuery = await sent('refresh', { parameterNames, clientAuth: 'client_secret_query' })
  expect(asQuery.query).toEqual({ client_key: 'client:1', secret: 'the secret' })
  const asJson = await sent('clientCredentials', {
    parameterNames,
    clientAuth: 'client_secret_post',
    tokenBody: 'json',
  })
  expect(JSON.parse(asJson.body)).toEqual({ client_key: 'client:1', secret: 'the secret', scope: 'a b' })
})

test('scopeSeparator', async () => {
  expect(formOf(await sent('clientCredentials', { scopeSeparator: ',' })).scope).toBe('a,b')
})

test('refreshUrl is used for refreshes only', async () => {
  const settings = { refreshUrl: '/refresh' }
  expect((await sent('refresh', settings)).path).toBe('/refresh')
  expect((await sent('code', settings)).path).toBe('/token')
  expect((await sent('clientCredentials', settings)).path).toBe('/token')
})

test('refreshUrl does not need discovery', async () => {
  await using server = await tokens()
  const pinned = { tokenOrigin: 'https://elsewhere.example' }
  const app = { ...config, issuer: 'http://127.0.0.1:1', refreshUrl: `${server.url}/refresh`, pinned }
  expect((await tokensOf(ask(server.url, { config: app }))).reached).toEqual({})
})
