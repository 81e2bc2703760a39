import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { type Nodes, startNodes } from '../support/nodes.ts'
import { hasTinyproxy, startTinyproxy } from '../support/tinyproxy.ts'
import { runTokenbus, startTokenbus } from '../support/tokenbus-process.ts'

const file = (name: string) => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url))
const identity = { cert: readFileSync(file('server.pem')), key: readFileSync(file('server.key')) }
const trusted = { NODE_EXTRA_CA_CERTS: file('ca.pem') }

let nodes: Nodes
let provider: Server
let port: number
let answered = 0

beforeAll(async () => {
  nodes = await startNodes()
  provider = createServer(identity, (_, answer) => {
    answered += 1
    answer.setHeader('content-type', 'application/json')
    answer.end(`{"access_token":"at-${answered}","token_type":"bearer","expires_in":3600}`)
  })
  await once(provider.listen(0, '127.0.0.1'), 'listening')
  port = (provider.address() as { port: number }).port
})
afterAll(async () => {
  await nodes[Symbol.asyncDispose]()
  provider.closeAllConnections()
  provider.close()
})

/** The reply to a token request of a node started like this. */
async function tokenWith(account: string, env: Record<string, string>) {
  await using node = await nodes.startNode(env)
  await nodes.request('app.put.mail', {
    provider: 'oidc',
    tokenUrl: `https://localhost:${port}/token`,
    clientId: 'mailer',
    clientSecret: 'secret',
  })
  const user = `${account}@example.com`
  await nodes.request(`account.put.${account}`, { app: 'mail', user, refreshToken: `rt-${account}` })
  const reply = await nodes.request(`token.get.${account}`, {})
  const { lastError } = await nodes.request(`account.get.${account}`)
  return { reply, lastError, output: node.output() }
}

it('the sandbox of dev is reached without a proxy', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-proxied-dev-'))
  await using node = startTokenbus(['dev'], {
    TOKENBUS_DATA_DIR: dataDir,
    TOKENBUS_HTTP_PORT: '0',
    HTTP_PROXY: 'http://127.0.0.1:1',
  })
  await node.says('tokenbus ready')
  const env = { TOKENBUS_DATA_DIR: dataDir }
  const generation = async (...wish: string[]) =>
    JSON.parse((await runTokenbus(['--json', 'token', 'demo', ...wish], env)).output).generation
  const before = await generation()
  expect(await generation('--force')).toBeGreaterThan(before)
  await node.stop()
  await rm(dataDir, { recursive: true, force: true })
})

describe('providers', () => {
  it('are reached over TLS with a private CA in NODE_EXTRA_CA_CERTS', async () => {
    expect((await tokenWith('alice', trusted)).reply).toMatchObject({
      accessToken: expect.stringMatching(/^at-/),
    })
  })

  it('are not reached without it, and the error says what to do', async () => {
    const { lastError } = await tokenWith('bob', {})
    expect(lastError).toMatchObject({
      reason: 'tls_failure',
      action: 'set NODE_EXTRA_CA_CERTS to the certificate of its authority, and restart tokenbus',
    })
  })

  it('are reached through HTTPS_PROXY, at their locally resolved address', async () => {
    await using proxy = await startForwardProxy()
    const env = { ...trusted, HTTPS_PROXY: proxy.url.replace('//', '//me:proxy-password@') }
    const { reply, output } = await tokenWith('carol', env)
    expect(reply).toMatchObject({ accessToken: expect.stringMatching(/^at-/) })
    expect(proxy.asked.map(({ authority }) => authority)).toContain(`127.0.0.1:${port}`)
    expect(output).not.toContain('proxy-password')
    expect(output).not.toContain(btoa('me:proxy-password'))
  })

  it('are reached through a proxy over TLS', async () => {
    await using proxy = await startForwardProxy({ tls: identity })
    const { reply } = await tokenWith('gwen', { ...trusted, HTTPS_PROXY: proxy.url })
    expect(reply).toMatchObject({ accessToken: expect.stringMatching(/^at-/) })
    expect(proxy.asked.map(({ authority }) => authority)).toContain(`127.0.0.1:${port}`)
  })

  it('are not reached through a proxy with an untrusted certificate, and the error names the proxy', async () => {
    await using proxy = await startForwardProxy({ tls: identity })
    const { lastError } = await tokenWith('hans', { HTTPS_PROXY: proxy.url })
    expect(lastError).toMatchObject({ reason: 'proxy_failed' })
    expect(proxy.asked).toEqual([])
  })

  const title = `are reached through tinyproxy${hasTinyproxy ? '' : ' (skipped: tinyproxy is not installed)'}`
  it.skipIf(!hasTinyproxy)(title, async () => {
    await using proxy = await startTinyproxy({ connectPort: port })
    const { reply } = await tokenWith('dora', { ...trusted, HTTPS_PROXY: proxy.url })
    expect(reply).toMatchObject({ accessToken: expect.stringMatching(/^at-/) })
    expect(await proxy.log()).toMatch(new RegExp(`CONNECT (127\\.0\\.0\\.1|\\[::1\\]):${port} HTTP/1\\.1`))
  })

  it.skipIf(!hasTinyproxy)(`${title}, and not with another password`, async () => {
    await using proxy = await startTinyproxy({ connectPort: port })
    const env = { ...trusted, HTTPS_PROXY: proxy.url.replace('proxy-password', 'other-password') }
    const { lastError, output } = await tokenWith('eve', env)
    expect(lastError).toMatchObject({
      reason: 'proxy_failed',
      providerError: { error: expect.stringMatching(/^PROXY_ANSWERED_40[17]$/) },
    })
    expect(output).not.toContain('other-password')
  })

  it('are reached directly if NO_PROXY names them', async () => {
    const env = { ...trusted, HTTPS_PROXY: 'http://127.0.0.1:1', NO_PROXY: 'localhost' }
    expect((await tokenWith('fred', env)).reply).toMatchObject({ accessToken: expect.stringMatching(/^at-/) })
  })
})
