import { afterAll, beforeAll, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
  await http.ask('POST', '/v1/oauth2', {
    body: { id: 'AAABiCtT7XUAAAAF', provider: 'gmail', clientId: 'c', clientSecret: 's' },
  })
})
afterAll(() => http[Symbol.asyncDispose]())

/** What `curl` sends for the commands of the documentation; not every machine has it. */
async function curl(path: string, body?: object) {
  const answer = await fetch(`${http.url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'User-Agent': 'curl/7.88.1',
      Accept: '*/*',
      Authorization: `Bearer ${http.adminToken}`,
      ...(body !== undefined && { 'Content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return answer.json()
}

const registration = (account: string) => ({
  account,
  name: 'Nyan Cat',
  email: 'nyan.cat@example.com',
  oauth2: {
    provider: 'AAABiCtT7XUAAAAF',
    auth: { user: 'nyan.cat@example.com' },
    accessToken: 'ya29.a0Aa4x',
    refreshToken: '1//09Ie3CtORQ',
    expires: new Date(Date.now() + 3_000_000).toISOString(),
  },
})

it('curl registers an account and gets its token', async () => {
  const registered = await curl('/v1/account', registration('example'))
  expect(registered).toMatchObject({ account: 'example', state: 'new' })

  const token = await curl('/v1/account/example/oauth-token')
  expect(token).toMatchObject({
    account: 'example',
    user: 'nyan.cat@example.com',
    accessToken: 'ya29.a0Aa4x',
    provider: 'gmail',
  })
})

it('fetch gets a token, and distinguishes errors by code', async () => {
  const emailEngine = http.url
  const accessToken = http.adminToken

  async function getToken(account: string) {
    const response = await fetch(`${emailEngine}/v1/account/${encodeURIComponent(account)}/oauth-token`, {
      headers: { Authorization: `Bearer ${accessToken}` },
    })
    const data = (await response.json()) as Record<string, string>
    if (!response.ok)
      throw Object.assign(new Error(data.message), { code: data.code, statusCode: data.statusCode })
    return data
  }

  await http.ask('POST', '/v1/account', { body: registration('fetched') })
  const { accessToken: mailToken, expires } = await getToken('fetched')
  expect(mailToken).toBe('ya29.a0Aa4x')
  expect(new Date(expires as string).getTime()).toBeGreaterThan(Date.now())
  await expect(getToken('nobody')).rejects.toMatchObject({ statusCode: 404, code: 'AccountNotFound' })
})
