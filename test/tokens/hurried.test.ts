import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'
import { breakApp } from '../support/refuse-app.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'
import { getToken } from '../support/test-account.ts'

const engines = useEngines()

const waits = { error: 'client_secret_expired', state: 'secret-expired' }
const tokens = answered({ accessToken: 'healed', expiresIn: 3_600 })

let database = 0
/** An app with accounts that are refreshed only by requests. */
async function start(accounts: readonly string[], settings: object = {}) {
  const provider = scriptedProvider()
  const redisUrl = `${engines.redisUrl}/${++database}`
  const { refreshToken } = provider
  const node = await startTestNode({ natsUrl: engines.natsUrl, redisUrl, refreshToken, waker: false })
  await node.tokenbus.putApp('app', { ...sandboxApp, rotation: 'none', ...settings })
  for (const account of accounts)
    await node.tokenbus.putAccount(account, {
      app: 'app',
      user: account,
      refreshToken: new Secret(`r-${account}`),
    })
  return { node, provider, get: (account: string) => getToken(node, account) }
}

type Started = Awaited<ReturnType<typeof start>>

/** Opens the app's circuit, so that each account waits for it. */
async function breakFor({ node, provider, get }: Started, accounts: readonly string[]) {
  await breakApp(node, 'app')
  for (const account of accounts) expect(await get(account)).toMatchObject(waits)
  expect(provider.requests).toHaveLength(0)
}

const heal = ({ node }: Started) => node.tokenbus.addSecret('app', { id: 'new', secret: new Secret('new') })

describe('an account whose app works again', () => {
  it('is refreshed on request, once for concurrent callers, long before its wake-up', async () => {
    const started = await start(['alice'])
    const { node, provider, get } = started
    await using _ = node
    await breakFor(started, ['alice'])

    await heal(started)
    const asking = Array.from({ length: 20 }, () => get('alice'))
    await provider.asked()
    const late = get('alice')
    provider.answer(tokens)
    for (const each of await Promise.all([...asking, late]))
      expect(each).toMatchObject({ accessToken: 'healed' })
    expect(provider.requests).toHaveLength(1)
    expect(await node.tokenbus.getAccount('alice')).toMatchObject({ value: { state: 'valid' } })
  })

  it('waits again if the new secret is refused too', async () => {
    const started = await start(['alice'])
    const { node, provider, get } = started
    await using _ = node
    await breakFor(started, ['alice'])
    await heal(started)
    await breakApp(node, 'app')
    expect(await get('alice')).toMatchObject(waits)
    expect(provider.requests).toHaveLength(0)
  })

  it('is not refreshed early while the app is at its concurrency limit', async () => {
    const accounts = Array.from({ length: 10 }, (_, i) => `account-${i}`)
    const started = await start(accounts, { concurrency: 2 })
    const { node, provider, get } = started
    await using _ = node
    await breakFor(started, accounts)
    await heal(started)
    const told: Awaited<ReturnType<typeof get>>[] = []
    const asking = accounts.map(async (account) => told.push(await get(account)))
    await provider.asked(2)
    // Two at a time, and as many queued; the others get retryAfter at once.
    await eventually(() => expect(told).toEqual(Array(6).fill(expect.objectContaining(waits))))
    expect(provider.requests).toHaveLength(2)
    const answering = setInterval(() => {
      if (provider.isAsked()) provider.answer(tokens)
    }, 10)
    await Promise.all(asking).finally(() => clearInterval(answering))
    expect(told.slice(6).every(({ accessToken }) => accessToken !== undefined)).toBe(true)
    expect(provider.requests).toHaveLength(4)
  })
})

it('an account that waits on its own is not refreshed early by a request', async () => {
  const { node, provider, get } = await start(['alice'], { provider: 'outlook', tokenUrl: undefined })
  await using _ = node
  const asking = get('alice')
  await provider.asked()
  provider.answer(refused({ class: 'P', reason: 'app_not_found', error: 'unauthorized_client' }))
  expect(await asking).toMatchObject({ ...waits, reason: 'app_not_found' })
  for (let i = 0; i < 3; i++) expect(await get('alice')).toMatchObject(waits)
  expect(provider.requests).toHaveLength(1)
})
