import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import type { Provider } from '../../src/provider/provider.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import { answered, refused } from '../support/scripted-provider.ts'

const engines = useEngines()
let database = 0
let node: TestNode
/** The secret that each tenant takes; of those that are not here, any. */
let taken: Record<string, string>
let word: 'client' | 'general'
let calls: { tenant: string; secret: string | undefined }[]

const callsAt = (tenant: string) => calls.filter((call) => call.tenant === tenant).length
const tenantOf = (url = '') => new URL(url).hostname.split('.')[0] as string

const refreshToken: Provider['refreshToken'] = async ({ config, clientSecret, refreshToken: spent }) => {
  const [tenant, secret] = [tenantOf(config.tokenUrl), clientSecret?.reveal()]
  calls.push({ tenant, secret })
  const isTaken = taken[tenant] === undefined || taken[tenant] === secret
  if (isTaken) return answered({ accessToken: `access-${calls.length}`, expiresIn: 3_600 })
  expect(spent).toBeDefined()
  return word === 'client'
    ? refused({ class: 'P', reason: 'client_rejected', error: 'invalid_client' })
    : refused({ class: 'S', reason: 'access_denied', error: 'access_denied', general: true })
}

beforeEach(async () => {
  taken = {}
  word = 'client'
  calls = []
  node = await startTestNode({
    natsUrl: engines.natsUrl,
    redisUrl: `${engines.redisUrl}/${++database}`,
    refreshToken,
    waker: false,
  })
  await node.tokenbus.putApp('filled', {
    provider: 'oidc',
    clientId: 'client',
    clientSecret: new Secret('old'),
    tokenUrl: 'https://{tenant}.example.com/token',
    urlParams: { tenant: { pattern: '^[a-z]+$' } },
    rotation: 'none',
  })
})
afterEach(() => node[Symbol.asyncDispose]())

const names = (tenant: string, count: number) => Array.from({ length: count }, (_, i) => `${tenant}-${i}`)

async function connect(accounts: readonly string[]): Promise<void> {
  for (const account of accounts) {
    const [tenant = ''] = account.split('-')
    const refresh = new Secret(`refresh of ${account}`)
    await node.tokenbus.putAccount(account, {
      app: 'filled',
      user: account,
      refreshToken: refresh,
      params: { tenant },
    })
    await node.tokenbus.getToken(account, {})
  }
}

const force = (account: string) => node.tokenbus.getToken(account, { forceRefresh: true })
async function stateOf(account: string): Promise<string> {
  const found = await node.tokenbus.getAccount(account)
  return found.ok ? found.value.state : found.failure.error
}
const app = async () => {
  const found = await node.tokenbus.getApp('filled')
  return found.ok ? found.value.state : found.failure.error
}

describe('a per-account endpoint that refuses the app’s secret', () => {
  it.each(['client', 'general'] as const)(
    'gets two requests, refused with a %s error code, and none of its other accounts',
    async (said) => {
      const [red, green] = [names('red', 12), names('green', 2)]
      await connect([...red, ...green])
      calls = []
      word = said
      taken = { red: 'new' }
      for (const account of red) await force(account)
      expect(callsAt('red')).toBe(2)
      const states = await Promise.all(red.map(stateOf))
      expect(states.filter((state) => state === 'secret-expired').length).toBeGreaterThanOrEqual(11)
      for (const account of green) expect(await force(account)).toMatchObject({ ok: true })
      expect(callsAt('green')).toBe(2)
      expect(await app()).toBe('healthy')
    },
  )

  it('refreshes all its accounts with a new secret', async () => {
    const red = names('red', 4)
    await connect(red)
    taken = { red: 'new' }
    for (const account of red) await force(account)
    calls = []
    node.host.waker.start()
    await node.tokenbus.addSecret('filled', { secret: new Secret('new') })
    await eventually(async () => expect(await Promise.all(red.map(stateOf))).toEqual(red.map(() => 'valid')))
    expect(calls.at(-1)).toEqual({ tenant: 'red', secret: 'new' })
    expect((await node.host.apps.look('filled')).context.endpoints).toEqual([])
  })

  it('wakes all its accounts once it accepts the secret again', async () => {
    const red = names('red', 4)
    await connect(red)
    taken = { red: 'another' }
    for (const account of red) await force(account)
    const { host, storage } = node
    host.waker.start()
    const endpoint = (await host.apps.look('filled')).context.endpoints[0]?.endpoint as string
    expect((await host.apps.look('filled')).context.endpoints).toHaveLength(1)
    await host.apps.report('filled', { type: 'endpoint.accepted', endpoint })
    taken = {}
    expect((await host.apps.look('filled')).context.endpoints).toEqual([])
    await eventually(async () => expect(await storage.records.countByState()).toMatchObject({ valid: 4 }))
  })
})
