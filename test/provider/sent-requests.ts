import { expect } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { config, startProvider, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

export interface Seen {
  readonly method: string
  readonly path: string
  readonly query: Record<string, string>
  readonly headers: Record<string, string>
  readonly body: string
}

export const tokens = () =>
  startRawServer((socket) => socket.end(answerBytes({ status: 200, body: '{"access_token":"at-1"}' })))

export function parse(request = ''): Seen {
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

export const callback = 'https://own.example/oauth'
export const codeVerifier = 'v'.repeat(43)

/** What is sent by an app with these settings, for each kind of request. */
export const kinds = {
  async refresh(app: AppConfig, clientSecret?: Secret) {
    await using provider = startProvider()
    await provider.refreshToken({
      config: app,
      ...(clientSecret && { clientSecret }),
      user: 'alice',
      refreshToken: new Secret('refresh-1'),
      timing: { connectMs: 5_000, answerMs: 10_000 },
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
export type Kind = keyof typeof kinds

export async function sent(kind: Kind, settings: Partial<AppConfig>, secret = 'the secret'): Promise<Seen> {
  await using server = await tokens()
  const refreshUrl = settings.refreshUrl && { refreshUrl: server.url + settings.refreshUrl }
  const app = { ...config, tokenUrl: `${server.url}/token`, ...settings, ...refreshUrl }
  await kinds[kind](app, new Secret(secret))
  expect(server.requests).toHaveLength(1)
  return parse(server.requests[0])
}

export const formOf = ({ body }: Seen) => Object.fromEntries(new URLSearchParams(body))
export const everyKind = Object.keys(kinds) as Kind[]
