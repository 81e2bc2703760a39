import { createProvider } from '../../src/provider/provider.ts'
import { connectUser } from '../../src/sandbox/demo.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { type Nodes, type Reply, startNodes } from './nodes.ts'

export interface Cluster extends Nodes {
  readonly sandbox: Sandbox
  /** Connects an account through the sandbox's consent page; `fresh: false` leaves its access token behind. */
  connectAccount(account: string, options?: { fresh?: boolean; policy?: string }): Promise<Reply>
}

/** Nodes, and a real OAuth server for their accounts. */
export async function startCluster(options: { appendfsync?: string } = {}): Promise<Cluster> {
  const nodes = await startNodes(options)
  const { request } = nodes
  const sandbox = await startSandbox({ port: 0 })
  const provider = createProvider({ allowPrivate: true })

  return {
    ...nodes,
    sandbox,
    async connectAccount(account, { fresh = true, policy } = {}) {
      const { id: clientId, secret } = sandbox.client
      await request('app.put.sandbox', {
        provider: 'oidc',
        issuer: sandbox.url,
        clientId,
        clientSecret: secret.reveal(),
        scopes: ['openid', 'email', 'offline_access'],
      })
      const { accessToken, refreshToken, expires, ...put } = await connectUser({
        sandbox,
        provider,
        user: account,
      })
      return request(`account.put.${account}`, {
        ...put,
        refreshToken: refreshToken?.reveal(),
        ...(fresh && { accessToken: accessToken?.reveal(), expires }),
        ...(policy && { policy }),
      })
    },
    async [Symbol.asyncDispose]() {
      await nodes[Symbol.asyncDispose]()
      await provider.close()
      await sandbox.close()
    },
  }
}
