import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { config, refusalOf, startProvider, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'
import { callback, codeVerifier, parse } from './sent-requests.ts'

describe('exchangeUrl', () => {
  const settings = {
    exchangeParams: { grant_type: 'ig_exchange_token', client_id: null },
    refreshMethod: 'GET',
    refreshWith: 'access_token',
    parameterNames: { refresh_token: 'access_token' },
    clientAuth: 'client_secret_post',
    keep: ['user_id'],
    answer: { path: 'data.0' },
  } satisfies Partial<AppConfig>

  async function redeem(exchange: { status: number; body: string }) {
    const first =
      '{"data":[{"access_token":"short-1","user_id":17841405793187218,"scope":"a","expires_in":60}]}'
    await using server = await startRawServer((socket, request) => {
      const { path } = parse(request)
      socket.end(answerBytes(path === '/exchange' ? exchange : { status: 200, body: first }))
    })
    await using provider = startProvider()
    const answer = await provider.redeemCode({
      config: {
        ...config,
        tokenUrl: `${server.url}/token`,
        exchangeUrl: `${server.url}/exchange`,
        ...settings,
      },
      clientSecret: new Secret('the secret'),
      callbackUrl: `${callback}?code=code-1&state=state-1`,
      redirectUri: callback,
      state: 'state-1',
      codeVerifier,
    })
    return { answer, seen: server.requests.map(parse), origin: server.url }
  }

  test('exchanges the first token for a long-lived one', async () => {
    const { answer, seen, origin } = await redeem({
      status: 200,
      body: '{"access_token":"long-1","expires_in":5184000}',
    })
    const { accessToken, ...tokens } = await tokensOf(answer)
    expect(accessToken.reveal()).toBe('long-1')
    expect(tokens).toMatchObject({
      expiresIn: 5_184_000,
      scopes: ['a'],
      extra: { user_id: '17841405793187218' },
      reached: { tokenEndpoint: `${origin}/token` },
    })
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /token', 'GET /exchange'])
    expect(seen[1]?.query).toEqual({
      grant_type: 'ig_exchange_token',
      access_token: 'short-1',
      client_secret: 'the secret',
    })
  })

  test('fails the consent if it refuses', async () => {
    const { answer } = await redeem({ status: 400, body: '{"error":"invalid_grant"}' })
    expect(await refusalOf(answer)).toMatchObject({ sent: true })
  })
})
