import type { Configuration } from 'oidc-provider'
import { devicePages } from './device-pages.ts'
import type { SandboxStore } from './store.ts'

export interface ConfigurationOptions {
  readonly store: SandboxStore
  readonly accessTokenSeconds: number
}

const day = 86_400

/** One confidential client; refresh tokens always rotate, and reuse revokes the whole grant (RFC 9700 §4.14.2). */
export function configurationOf({ store, accessTokenSeconds }: ConfigurationOptions): Configuration {
  const { setup } = store.state
  const client = (id: string, method: 'client_secret_basic' | 'client_secret_post') => ({
    client_id: id,
    client_secret: 'replaced by the secrets in the store',
    token_endpoint_auth_method: method,
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code' as const],
    // A placeholder: any redirect URI on loopback is accepted.
    redirect_uris: ['http://127.0.0.1/oauth'],
    id_token_signed_response_alg: 'ES256' as const,
    application_type: 'native' as const,
  })
  return {
    adapter: store.adapter as never,
    clients: [client('sandbox', 'client_secret_basic'), client('sandbox-post', 'client_secret_post')],
    jwks: setup.jwks as never,
    cookies: { keys: setup.cookieKeys },
    scopes: ['openid', 'offline_access', 'email', 'calendar.read', 'mail.read'],
    claims: { openid: ['sub'], email: ['email'] },
    findAccount: async (_, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, email: `${sub}@example.com` }),
    }),
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true, ...devicePages },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      introspection: { enabled: true },
    },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: async (_, client, code) =>
      client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 90 * day,
      IdToken: accessTokenSeconds,
      Interaction: 600,
      RefreshToken: 90 * day,
      Session: day,
    },
  }
}
