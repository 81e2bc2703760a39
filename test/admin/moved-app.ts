import { afterAll, expect } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { AppPut } from '../../src/contract/app.ts'
import { createProvider } from '../../src/provider/provider.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode } from '../support/node.ts'
import { startPlaceProvider } from '../support/place-provider.ts'

export const registered = { path: '/right/token', clientId: 'client' }
export const secret = new Secret('the secret')
export const elsewhere = (origin: string) => ({
  tokenUrl: `${origin}/right/token`,
  revocationUrl: `${origin}/revoke`,
  clientSecret: new Secret('made up'),
})
export const parked = { state: 'revoked', class: 'S', reason: 'app_changed', recoverable: true }

/** How to start a node with two origins, and an app of the first with accounts refreshed there. */
export function useMovedApps() {
  const engines = useEngines()
  const http = createProvider({ allowPrivate: true })
  afterAll(() => http.close())
  /** Redis has sixteen of them. */
  let database = 0

  async function start({ accounts = ['alice'], ...put }: { accounts?: string[] } & Partial<AppPut> = {}) {
    const home = await startPlaceProvider(registered)
    const other = await startPlaceProvider(registered)
    const redisUrl = `${engines.redisUrl}/${database++}`
    const node = await startTestNode({
      natsUrl: engines.natsUrl,
      redisUrl,
      refreshToken: http.refreshToken,
      revokeToken: http.revokeToken,
    })
    const { tokenbus } = node
    const app = {
      provider: 'oidc',
      clientId: 'client',
      clientSecret: secret,
      tokenUrl: `${home.origin}/right/token`,
      revocationUrl: `${home.origin}/revoke`,
      rotation: 'none',
      ...put,
    } as const satisfies AppPut
    const putApp = (change: Partial<AppPut> = {}) => tokenbus.putApp('app', { ...app, ...change })
    const refresh = (account: string) => tokenbus.getToken(account, { forceRefresh: true })
    const isNow = (account: string, expected: object) =>
      eventually(async () =>
        expect(await tokenbus.getAccount(account)).toMatchObject({ ok: true, value: expected }),
      )
    expect(await putApp()).toMatchObject({ ok: true })
    for (const account of accounts) {
      const refreshToken = new Secret(`rt-${account}`)
      await tokenbus.putAccount(account, { app: 'app', user: account, refreshToken, policy: 'eager' })
    }
    for (const account of accounts) await isNow(account, { state: 'valid' })
    return {
      ...node,
      redisUrl,
      home,
      other,
      app,
      putApp,
      refresh,
      isNow,
      async [Symbol.asyncDispose]() {
        await node[Symbol.asyncDispose]()
        await home[Symbol.asyncDispose]()
        await other[Symbol.asyncDispose]()
      },
    }
  }

  return { http, start }
}
