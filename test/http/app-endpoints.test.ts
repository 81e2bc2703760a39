import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster()
})
afterAll(() => http[Symbol.asyncDispose]())

const create = (body: object) => http.ask('POST', '/v1/oauth2', { body })

let inProduction: Promise<string> | undefined
function production(): Promise<string> {
  inProduction ??= http
    .startNode({ TOKENBUS_ALLOW_PRIVATE_ENDPOINTS: 'false' })
    .then((node) => node.httpUrl())
  return inProduction
}

describe('verifying an app', () => {
  const sandbox = () => ({
    id: 'verified',
    provider: 'oidc',
    issuer: http.sandbox.url,
    clientId: http.sandbox.client.id,
    clientSecret: http.sandbox.client.secret.reveal(),
  })

  it('runs step by step, and returns the redirect URI to register', async () => {
    await create(sandbox())
    const { status, body } = await http.ask('POST', '/v1/oauth2/verified/verify')
    expect({ status, ok: body.ok, app: body.app }).toEqual({ status: 200, ok: true, app: 'verified' })
    expect(body.steps.map(({ step }: { step: string }) => step)).toEqual([
      'configuration',
      'redirect_uri',
      'discovery',
      'token_endpoint',
      'credentials',
    ])
    expect(body.steps[1].message).toBe(`register at the provider: ${http.url}/oauth`)
    expect(JSON.stringify(body)).not.toContain(http.sandbox.client.secret.reveal())
    expect((await http.ask('POST', '/v1/oauth2/nobody/verify', { body: { user: 'u' } })).status).toBe(404)
  })

  it('requires the scope app:write', async () => {
    const { token } = await http.createApiToken({ scopes: ['events:read', 'account:write'] })
    expect((await http.ask('POST', '/v1/oauth2/verified/verify', { token })).status).toBe(403)
  })

  it('sends nothing to private addresses in production', async () => {
    const url = await production()
    const { body } = await http.ask('POST', '/v1/oauth2/verified/verify', { url })
    expect(body).toMatchObject({
      ok: false,
      steps: [{ step: 'configuration', ok: false, message: expect.stringMatching(/^issuer: must be/) }],
    })
  })
})

describe('endpoints at private addresses', () => {
  it.each([
    'http://127.0.0.1:9/token',
    'https://127.0.0.1/token',
    'https://[::1]/token',
    'https://localhost/token',
    'https://169.254.169.254/latest/meta-data',
    'https://10.1.2.3/token',
    'https://[fd00::1]/token',
    'https://0x7f.1/token',
    'https://2130706433/token',
    'http://example.com/token',
    'https://user:pass@example.com/token',
    'file:///etc/passwd',
  ])('%s is rejected in production', async (tokenUrl) => {
    const url = await production()
    const reply = await http.ask('POST', '/v1/oauth2', {
      url,
      body: { provider: 'oidc', clientId: 'c', clientSecret: 's', tokenUrl },
    })
    expect(reply).toMatchObject({
      status: 422,
      body: { error: 'invalid_config', fields: [{ key: 'tokenUrl', message: expect.any(String) }] },
    })
  })
})
