import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { ask, config, refusalOf, startProvider, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

interface Seen {
  readonly method: string
  readonly path: string
  readonly query: Record<string, string>
  readonly headers: Record<string, string>
  readonly body: string
}

const tokens = () =>
  startRawServer((socket) => socket.end(answerBytes({ status: 200, body: '{"access_token":"at-1"}' })))

function parse(request = ''): Seen {
  const [head = '', body = ''] = request.split('\r\n\r\n')
  const [line = '', ...lines] = head.split('\r\n')
  const url = new URL(line.split(' ')[1] as string, 'http://x')
  const headers = lines.map((each) => each.split(': ') as [string, string])
  return {
    method: line.split(' ')[0] as string,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body,
  }
}

const callback = 'https://own.example/oauth'
const codeVerifier = 'v'.repeat(43)

/** What is sent by an app with these settings, for each kind of request. */
const kinds = {
  async refresh(app: AppConfig, clientSecret?: Secret) {
    await using provider = startProvider()
    await provider.refreshToken({
      config: app,
      ...(clientSecret && { clientSecret }),
      user: 'alice',
      refreshToken: new Secret('refresh-1'),
      timing: { connectMs: 1_000, answerMs: 2_000 },
    })
  },
  async code(app: AppConfig, clientSecret?: Secret) {
    await using provider = startProvider()
    const answer = await provider.redeemCode({
      config: app,
      ...(clientSecret && { clientSecret }),
      callbackUrl: `${callback}?code=code-1&state=state-1`,
      redirectUri: callback,
      state: 'state-1',
      codeVerifier,
    })
    await tokensOf(answer)
  },
  clientCredentials: (app: AppConfig, clientSecret?: Secret) =>
    kinds.refresh({ ...app, grant: 'client_credentials', scopes: ['a', 'b'] }, clientSecret),
  async revocation(app: AppConfig, clientSecret?: Secret) {
    await using provider = startProvider()
    await provider.revokeToken({
      config: { ...app, revocationUrl: app.tokenUrl as string },
      ...(clientSecret && { clientSecret }),
      token: new Secret('refresh-1'),
    })
  },
}
type Kind = keyof typeof kinds

async function sent(kind: Kind, settings: Partial<AppConfig>, secret = 'the secret'): Promise<Seen> {
  await using server = await tokens()
  const refreshUrl = settings.refreshUrl && { refreshUrl: server.url + settings.refreshUrl }
  const app = { ...config, tokenUrl: `${server.url}/token`, ...settings, ...refreshUrl }
  await kinds[kind](app, new Secret(secret))
  expect(server.requests).toHaveLength(1)
  return parse(server.requests[0])
}

const formOf = ({ body }: Seen) => Object.fromEntries(new URLSearchParams(body))
const everyKind = Object.keys(kinds) as Kind[]

describe('HTTP Basic', () => {
  test.each([
    ['e6c5b0f4-6f2a-4d1b_9c.x*', 'A-Z_a.z*0-9', 'e6c5b0f4-6f2a-4d1b_9c.x*:A-Z_a.z*0-9'],
    ['id:1/~', "s p%+!'()", 'id%3A1%2F%7E:s+p%25%2B%21%27%28%29'],
    ['ü-ß', '漢', '%C3%BC-%C3%9F:%E6%BC%A2'],
  ])(
    '%s and %s as application/x-www-form-urlencoded (RFC 6749 appendix B)',
    async (clientId, secret, pair) => {
      const { headers } = await sent('refresh', { clientId }, secret)
      const basic = Buffer.from((headers.authorization ?? '').replace('Basic ', ''), 'base64').toString()
      expect(basic).toBe(pair)
    },
  )
})

describe('clientAuth', () => {
  test.each(everyKind)('none, in a %s request: the name alone, whatever secret is stored', async (kind) => {
    const seen = await sent(kind, { clientAuth: 'none' })
    expect(formOf(seen)).toMatchObject({ client_id: 'client:1' })
    expect(formOf(seen)).not.toHaveProperty('client_secret')
    expect(seen.headers).not.toHaveProperty('authorization')
  })

  test.each(everyKind)('client_secret_query, in a %s request', async (kind) => {
    const seen = await sent(kind, { clientAuth: 'client_secret_query', tokenBody: 'form' })
    expect(seen.query).toEqual({ client_id: 'client:1', client_secret: 'the secret' })
    expect(formOf(seen)).not.toHaveProperty('client_id')
    expect(formOf(seen)).not.toHaveProperty('client_secret')
  })

  test('client_secret_query is in nothing that is answered or logged', async () => {
    const lines: unknown[] = []
    const logger = {
      warn: (...each: unknown[]) => lines.push(each),
      error: (...each: unknown[]) => lines.push(each),
    }
    const app = { ...config, clientAuth: 'client_secret_query' as const }
    for (const body of ['{"access_token":"at-1"}', '{"error":"invalid_grant"}', '<html>', '']) {
      await using server = await startRawServer((socket) => socket.end(answerBytes({ status: 400, body })))
      await using provider = startProvider({ logger })
      const answer = await provider.refreshToken({
        config: { ...app, tokenUrl: `${server.url}/token` },
        clientSecret: new Secret('the-query-secret'),
        user: 'alice',
        refreshToken: new Secret('refresh-1'),
        timing: { connectMs: 1_000, answerMs: 2_000 },
      })
      expect(JSON.stringify([answer, lines])).not.toContain('the-query-secret')
      expect(server.requests[0]).toContain('the-query-secret')
    }
    await using server = await tokens()
    const answer = await tokensOf(
      ask(server.url, {
        config: { ...app, tokenUrl: `${server.url}/token` },
        clientSecret: new Secret('q-secret'),
      }),
    )
    expect(answer.reached).toEqual({ tokenEndpoint: `${server.url}/token` })
  })
})

describe('tokenBody', () => {
  test.each(everyKind)('json, in a %s request', async (kind) => {
    const seen = await sent(kind, { tokenBody: 'json', clientAuth: 'client_secret_post' })
    expect(seen.headers['content-type']).toBe('application/json')
    expect(JSON.parse(seen.body)).toMatchObject({ client_id: 'client:1', client_secret: 'the secret' })
  })

  test.each(everyKind)('query, in a %s request: there is no body', async (kind) => {
    const seen = await sent(kind, { tokenBody: 'query', clientAuth: 'client_secret_post' })
    expect(seen.query).toMatchObject({ client_id: 'client:1', client_secret: 'the secret' })
    expect(Object.keys(seen.query).length).toBeGreaterThan(2)
    expect(seen.body).toBe('')
    expect(seen.headers).not.toHaveProperty('content-type')
  })

  test('query beside HTTP Basic', async () => {
    const seen = await sent('refresh', { tokenBody: 'query' })
    expect(seen.query).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' })
    expect(seen.headers.authorization).toMatch(/^Basic /)
  })
})

describe('tokenMethod GET', () => {
  test.each(['refresh', 'code', 'clientCredentials'] as const)(
    'in a %s request: everything is in the query',
    async (kind) => {
      const seen = await sent(kind, { tokenMethod: 'GET', clientAuth: 'client_secret_post' })
      expect(seen).toMatchObject({ method: 'GET', path: '/token', body: '' })
      expect(seen.query).toMatchObject({ client_id: 'client:1', client_secret: 'the secret' })
      expect(seen.query).toHaveProperty('grant_type')
      expect(seen.headers).not.toHaveProperty('content-type')
    },
  )

  test('leaves HTTP Basic, and revocation, as they are', async () => {
    const seen = await sent('refresh', { tokenMethod: 'GET' })
    expect(seen.headers.authorization).toMatch(/^Basic /)
    expect(seen.query).toEqual({ grant_type: 'refresh_token', refresh_token: 'refresh-1' })
    expect(await sent('revocation', { tokenMethod: 'GET' })).toMatchObject({ method: 'POST' })
  })

  test('as refreshMethod, for refreshes alone', async () => {
    const settings = { refreshMethod: 'GET', clientAuth: 'client_secret_post' } as const
    expect(await sent('code', settings)).toMatchObject({ method: 'POST', query: {} })
    expect(await sent('refresh', settings)).toMatchObject({ method: 'GET', body: '' })
  })
})

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

  test('refreshParams, for a refresh alone', async () => {
    expect(formOf(await sent('refresh', settings))).toEqual({ refresh_token: 'refresh-1', type: 'refresh' })
  })

  test('the client may be left out, too', async () => {
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

  test('no scope is left out, not sent empty', async () => {
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

test('parameterNames, whatever the body and the way to prove the client', async () => {
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

test('refreshUrl is where refreshes go, and nothing else', async () => {
  const settings = { refreshUrl: '/refresh' }
  expect((await sent('refresh', settings)).path).toBe('/refresh')
  expect((await sent('code', settings)).path).toBe('/token')
  expect((await sent('clientCredentials', settings)).path).toBe('/token')
})

test('refreshUrl needs no discovered endpoint, and is none', async () => {
  await using server = await tokens()
  const pinned = { tokenOrigin: 'https://elsewhere.example' }
  const app = { ...config, issuer: 'http://127.0.0.1:1', refreshUrl: `${server.url}/refresh`, pinned }
  expect((await tokensOf(ask(server.url, { config: app }))).reached).toEqual({})
})

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

test('pkce plain: the verifier is the challenge', async () => {
  expect(formOf(await sent('code', { pkce: 'plain' }))).toMatchObject({ code_verifier: codeVerifier })
  const { params } = await authorize({ pkce: 'plain' })
  expect(params).toMatchObject({ code_challenge: codeVerifier, code_challenge_method: 'plain' })
})

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

  test('is where what a code brings is exchanged at once for a token that lives longer', async () => {
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

  test('refused, the consent has come to nothing', async () => {
    const { answer } = await redeem({ status: 400, body: '{"error":"invalid_grant"}' })
    expect(await refusalOf(answer)).toMatchObject({ sent: true })
  })
})

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

describe('the authorization request', () => {
  test('with parameters that are added, left out, and called otherwise', async () => {
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

  test('without scopes has no scope', async () => {
    expect((await authorize({ scopes: [] })).params).not.toHaveProperty('scope')
  })

  test('goes with the fragment, where the page is reached by one', async () => {
    const { url } = await authorize({ authorizeUrl: 'https://provider.example/#/oauth/authorize' })
    expect(url.href).toMatch(
      /^https:\/\/provider\.example\/#\/oauth\/authorize\?response_type=code&client_id=client%3A1&/,
    )
  })

  test('a nonce of the settings is the one an ID token must have', async () => {
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
    '%s is none',
    async (query) => {
      const { answer } = await redeem(query, { parameterNames: { code: 'auth_code' } })
      expect(await refusalOf(answer)).toMatchObject({ reason: 'callback_rejected' })
    },
  )
})
