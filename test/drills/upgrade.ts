import { setTimeout as delay } from 'node:timers/promises'
import { startCountingProvider } from '../support/counting-provider.ts'
import { eventually } from '../support/eventually.ts'
import { type Nodes, startNodes } from '../support/nodes.ts'
import { runTokenbus, type TokenbusProcess } from '../support/tokenbus-process.ts'
import type { Drill } from './drill.ts'
import { olderVersion } from './older-version.ts'
import { startReaders } from './readers.ts'

const before = '24d16d2'
const accounts = Array.from({ length: 100 }, (_, index) => `account-${index}`)
const nodeCount = 3
const sideBySide = 60_000
const aWhile = 10_000
/** Seconds: each account is refreshed several times while old and new nodes share the work. */
const tokenLife = 20
const env = { TOKENBUS_ENABLE_TOKEN_API: 'true', TOKENBUS_LOG_LEVEL: 'info', TOKENBUS_LEAVE_AFTER: '2' }

async function connectAccounts(
  { request }: Nodes,
  provider: { tokenUrl: string; grant(account: string): string },
) {
  await request('app.put.drill', {
    provider: 'oidc',
    clientId: 'drill',
    clientSecret: 'secret',
    authorizeUrl: provider.tokenUrl,
    tokenUrl: provider.tokenUrl,
    rotation: 'strict',
  })
  for (const account of accounts) {
    const put = { app: 'drill', user: account, policy: 'eager', refreshToken: provider.grant(account) }
    const { error } = await request(`account.put.${account}`, put)
    if (error !== undefined) throw new Error(`account.put: ${error}`)
  }
  for (const account of accounts)
    await eventually(
      async () => {
        if ((await request(`token.get.${account}`, {})).error !== undefined) throw new Error('no token yet')
      },
      { within: 60_000 },
    )
}

/** Those that are revoked, with the reason. Who cannot be asked yet is asked again. */
async function lostGrants({ request }: Nodes): Promise<string[]> {
  const views = accounts.map((account) =>
    eventually(
      async () => {
        const view = await request(`account.get.${account}`, {})
        if (view.error !== undefined && view.error !== 'account_not_found') throw new Error(view.error)
        return view
      },
      { within: 60_000 },
    ),
  )
  return (await Promise.all(views)).flatMap(({ state, reason, error }, index) =>
    state === 'revoked' || error !== undefined ? [`${accounts[index]} (${reason ?? error})`] : [],
  )
}

/**
 * A strict provider, three nodes of an older version, and three current ones: upgrade, downgrade, upgrade, and finish.
 */
export const upgrade: Drill = {
  name: `upgrade from ${before}, and back, under load`,
  async run(say) {
    const older = olderVersion(before)
    await using cluster = await startNodes()
    await using provider = await startCountingProvider()
    provider.secrets.add('secret')
    provider.behave({ expiresIn: tokenLife, latency: 100 })
    const startAll = (program?: string) =>
      Promise.all(Array.from({ length: nodeCount }, () => cluster.startNode(env, program)))
    let running: TokenbusProcess[] = await startAll(older)
    await connectAccounts(cluster, provider)
    const { token } = await cluster.request('api-token.create', { name: 'reader', scopes: ['token:read'] })
    const readers = startReaders({
      cluster,
      accounts,
      token,
      urls: () => running.map((node) => node.httpUrl()),
      say,
    })

    let refreshed = 0
    async function tell(what: string): Promise<void> {
      const calls = provider.ofAccounts().filter(({ outcome }) => outcome === 'tokens').length
      const lost = await lostGrants(cluster)
      const { answered, failed } = readers.count()
      say(
        `  ${what}: ${calls - refreshed} refreshes; reads: ${answered} answered, ${failed} failed; grants lost: ${lost.length}`,
      )
      refreshed = calls
      if (lost.length + provider.ended.size > 0)
        throw new Error(`grants lost: ${lost.join(', ')}; ended by the provider: ${provider.ended.size}`)
    }
    async function replace(program: string | undefined, together: number, what: string): Promise<void> {
      const leaving = running
      const coming = await startAll(program)
      running = [...leaving, ...coming]
      await delay(together)
      await tell(`${what}, side by side for ${together / 1_000} s`)
      running = coming
      await delay(1_000)
      for (const node of leaving) await node.stop()
      await tell(`${what}, the others gone`)
    }

    await tell(`three nodes of ${before}`)
    await replace(undefined, sideBySide, 'three new nodes')
    await replace(older, aWhile, `back to ${before}`)
    await replace(undefined, aWhile, 'new nodes again')
    const { code, output } = await runTokenbus(['upgrade', 'finish'], {
      TOKENBUS_NATS_URL: cluster.natsServer.url,
    })
    if (code !== 0) throw new Error(`upgrade finish: ${output}`)
    await delay(aWhile)
    await tell('upgrade finish, and after it')
    await readers.stop()
    if (readers.count().failed > 0) throw new Error('reads failed')
  },
}
