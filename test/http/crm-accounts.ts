import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

export const later = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()

export const grant = (name: string) => ({
  provider: 'crm',
  auth: { user: `${name}@example.com` },
  accessToken: `at-${encodeURIComponent(name)}`,
  refreshToken: `rt-${encodeURIComponent(name)}`,
  expires: later(1),
})

/** A node with the app `crm`. */
export async function startWithCrm(): Promise<HttpCluster> {
  const http = await startHttpCluster({
    TOKENBUS_ENABLE_TOKEN_API: 'true',
    TOKENBUS_REDIRECT_ORIGINS: 'https://app.example.com',
  })
  const app = { provider: 'oidc', clientId: 'c', clientSecret: 's', tokenUrl: 'http://127.0.0.1:9/token' }
  await http.request('app.put.crm', app)
  return http
}

export function registering(http: () => HttpCluster) {
  return (account: string | null, body: object = {}, token?: string) =>
    http().ask('POST', '/v1/account', {
      body: {
        account,
        name: 'Al Ice',
        email: 'al@example.com',
        oauth2: grant(account ?? 'nameless'),
        ...body,
      },
      ...(token && { token }),
    })
}
