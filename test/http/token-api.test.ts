import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

const path = '/session/token-api'
const token = '/v1/account/alice/oauth-token'

describe('the switch that serves tokens over HTTP', () => {
  let http: HttpCluster
  let other: string

  beforeAll(async () => {
    http = await startHttpCluster()
    await http.connectAccount('alice')
    other = (await http.createApiToken({ scopes: ['admin'] })).token
  })
  afterAll(() => http[Symbol.asyncDispose]())

  const signedIn = (
    more: Record<string, string> = { 'sec-fetch-site': 'same-origin' },
  ): Record<string, string> => ({
    cookie: `tokenbus-session=${http.adminToken}`,
    ...more,
  })
  const turn = (enabled: boolean, { apiToken = http.adminToken, headers = signedIn() } = {}) =>
    http.ask('PUT', path, { token: null, headers, body: { enabled, apiToken } })
  const read = () => http.ask('GET', token)

  it('is off by default', async () => {
    expect((await http.ask('GET', path)).body).toEqual({ enabled: false, decidedBy: 'default', switch: null })
    expect((await read()).body).toMatchObject({ error: 'token_api_disabled', code: 'ApiEndpointDisabled' })
  })

  it.each<[string, () => Promise<{ status: number }>]>([
    [
      'an API call with the API token of an administrator',
      () => http.ask('PUT', path, { body: { enabled: true, apiToken: http.adminToken } }),
    ],
    [
      'an API call that also has the cookie',
      () =>
        http.ask('PUT', path, { headers: signedIn(), body: { enabled: true, apiToken: http.adminToken } }),
    ],
    ['a signed-in user who does not enter the API token', () => turn(true, { apiToken: '' })],
    ['a signed-in user who enters another administrator’s API token', () => turn(true, { apiToken: other })],
    ['a signed-in user who enters a wrong API token', () => turn(true, { apiToken: `${http.adminToken}x` })],
    [
      'a user who is not signed in',
      () => turn(true, { headers: { cookie: '', 'sec-fetch-site': 'same-origin' } }),
    ],
    [
      'a page of another origin in a signed-in user’s browser',
      () => turn(true, { headers: signedIn({ 'sec-fetch-site': 'same-site' }) }),
    ],
    ['a script with only the cookie', () => turn(true, { headers: signedIn({}) })],
  ])('is not changed by %s', async (_, attempt) => {
    expect((await attempt()).status).toBeGreaterThanOrEqual(400)
    expect((await read()).status).toBe(403)
  })

  it('is changed by a signed-in user who enters the API token again', async () => {
    const { status, body } = await turn(true)
    const { id } = (await http.ask('POST', '/session', { token: null, body: { apiToken: http.adminToken } }))
      .body
    expect(status).toBe(200)
    expect(body).toMatchObject({ enabled: true, decidedBy: 'switch', switch: { enabled: true, by: id } })
    expect(await read()).toMatchObject({ status: 200, body: { account: 'alice' } })
    await eventually(() =>
      expect(http.node.output()).toMatch(
        new RegExp(`"audit":"token-api.turned","who":"${id}","enabled":true,"address":"127.0.0.1"`),
      ),
    )
  })

  it('is applied on every node', async () => {
    const second = await http.startNode()
    const url = second.httpUrl()
    expect((await http.ask('GET', token, { url })).status).toBe(200)
    await turn(false)
    expect((await read()).status).toBe(403)
    await eventually(async () => expect((await http.ask('GET', token, { url })).status).toBe(403))
    await turn(true)
    await eventually(async () => expect((await http.ask('GET', token, { url })).status).toBe(200))
  })

  it('has no effect if the environment variable is set', async () => {
    const closed = await http.startNode({ TOKENBUS_ENABLE_TOKEN_API: 'false' })
    const url = closed.httpUrl()
    expect((await http.ask('GET', token, { url })).status).toBe(403)
    expect((await http.ask('GET', path, { url })).body).toMatchObject({
      enabled: false,
      decidedBy: 'environment',
    })
  })

  it('is ignored if it was written to Redis by others', async () => {
    const row = (await http.redis.get('tb:token-api')) as string
    await turn(false)
    const [mac = '', ...rest] = ((await http.redis.get('tb:token-api')) as string).split(' ')
    const forged = rest.join(' ').replace('"enabled":false', '"enabled":true')
    for (const text of [forged, `${mac} ${forged}`]) {
      await http.redis.set('tb:token-api', text)
      expect((await http.ask('GET', path)).body).toMatchObject({ enabled: false, decidedBy: 'default' })
      expect((await read()).status).toBe(403)
    }
    await http.redis.set('tb:token-api', row)
  })
})
