import { describe, expect, test } from 'vitest'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { config, refusalOf, startProvider } from './ask.ts'
import { callback, codeVerifier, formOf, parse, sent, tokens } from './sent-requests.ts'

async function authorize(settings: Partial<AppConfig>) {
  await using provider = startProvider()
  const answer = await provider.authorizationUrl({
    config: { ...config, authorizeUrl: 'https://provider.example/authorize?tenant=1', ...settings },
    redirectUri: callback,
    state: 'state-1',
    nonce: 'nonce-1',
    codeVerifier,
  })
  if (!answer.ok) throw new Error(answer.failure.message)
  const url = new URL(answer.value)
  const { nonce: _, ...params } = Object.fromEntries(url.searchParams)
  delete params.tenant
  return { url, params, all: Object.fromEntries(url.searchParams) }
}

test.each([undefined, 'RuName-1'])(
  'redirectUri %s, in the authorization request and the exchange',
  async (redirectUri) => {
    const settings = redirectUri === undefined ? {} : { redirectUri }
    expect(formOf(await sent('code', settings)).redirect_uri).toBe(redirectUri ?? callback)
    expect((await authorize(settings)).params.redirect_uri).toBe(redirectUri ?? callback)
  },
)

test('pkce false: neither challenge nor verifier', async () => {
  expect(formOf(await sent('code', { pkce: false }))).not.toHaveProperty('code_verifier')
  const { params } = await authorize({ pkce: false })
  expect(Object.keys(params)).toEqual([
    'response_type',
    'client_id',
    'redirect_uri',
    'scope',
    'state',
    'prompt',
  ])
})

test('pkceMethod plain: the verifier is the challenge', async () => {
  expect(formOf(await sent('code', { pkceMethod: 'plain' }))).toMatchObject({ code_verifier: codeVerifier })
  const { params } = await authorize({ pkceMethod: 'plain' })
  expect(params).toMatchObject({ code_challenge: codeVerifier, code_challenge_method: 'plain' })
})

describe('the authorization request', () => {
  test('can have parameters added, left out and renamed', async () => {
    const { params } = await authorize({
      authorizeParams: { prompt: null, audience: 'https://api.example', response_type: 'code id_token' },
      parameterNames: { client_id: 'client_key', state: 'customField', response_type: 'responseType' },
      scopeSeparator: ',',
      pkce: false,
    })
    expect(params).toEqual({
      responseType: 'code id_token',
      client_key: 'client:1',
      redirect_uri: callback,
      scope: 'openid,offline_access',
      customField: 'state-1',
      audience: 'https://api.example',
    })
  })

  test('has no scope parameter without scopes', async () => {
    expect((await authorize({ scopes: [] })).params).not.toHaveProperty('scope')
  })

  test('keeps the fragment of its URL', async () => {
    const { url } = await authorize({ authorizeUrl: 'https://provider.example/#/oauth/authorize' })
    expect(url.href).toMatch(
      /^https:\/\/provider\.example\/#\/oauth\/authorize\?response_type=code&client_id=client%3A1&/,
    )
  })

  test('uses a configured nonce, which the ID token must have', async () => {
    expect((await authorize({ authorizeParams: { nonce: 'fixed' } })).all.nonce).toBe('fixed')
  })
})

describe('the callback', () => {
  async function redeem(query: string, settings: Partial<AppConfig>) {
    await using server = await tokens()
    await using provider = startProvider()
    const answer = await provider.redeemCode({
      config: { ...config, tokenUrl: server.url, ...settings },
      callbackUrl: `${callback}?${query}`,
      redirectUri: callback,
      state: 'state-1',
      codeVerifier,
    })
    return { answer, form: formOf(parse(server.requests[0])) }
  }

  test.each([
    ['auth_code=code-1&state=state-1', { parameterNames: { code: 'auth_code' } }],
    ['code=code-1&state=state-1', { parameterNames: { code: 'auth_code' } }],
    ['code=code-1&customField=state-1', { parameterNames: { state: 'customField' } }],
    ['code=code-1&state=state-1&id_token=x.y.z', { authorizeParams: { response_type: 'code id_token' } }],
  ])('%s, with %j', async (query, settings) => {
    const { form } = await redeem(query, settings)
    expect(form.auth_code ?? form.code).toBe('code-1')
  })

  test.each(['auth_code=code-1&state=another', 'auth_code=code-1', 'state=state-1'])(
    '%s is rejected',
    async (query) => {
      const { answer } = await redeem(query, { parameterNames: { code: 'auth_code' } })
      expect(await refusalOf(answer)).toMatchObject({ reason: 'callback_rejected' })
    },
  )
})
