import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Secret } from '../../src/common/secret.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { createProvider } from '../../src/provider/provider.ts'
import { connectUser } from '../../src/sandbox/demo.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { eventually } from '../support/eventually.ts'

const provider = createProvider({ allowPrivate: true })
let dataDir: string
let sandbox: Sandbox

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tokenbus-sandbox-'))
  sandbox = await startSandbox({ port: 0, dataDir })
})
afterAll(async () => {
  await sandbox.close()
  await provider.close()
  await rm(dataDir, { recursive: true, force: true })
})

const config = (): AppConfig => ({
  app: 'sandbox',
  provider: 'oidc',
  issuer: sandbox.url,
  clientId: 'sandbox',
  grant: 'authorization_code',
  clientAuth: 'client_secret_basic',
  scopes: ['openid', 'offline_access'],
  rotation: 'strict',
})

async function refresh(
  refreshToken: Secret,
  { clientSecret = sandbox.client.secret, answerMs = 5_000 } = {},
) {
  const answer = await provider.refreshToken({
    config: config(),
    clientSecret,
    user: 'demo',
    refreshToken,
    timing: { connectMs: 1_000, answerMs },
  })
  return answer.kind === 'tokens'
    ? { next: answer.refreshToken as Secret }
    : { error: answer.refusal.providerError.error, refusal: answer.refusal }
}

const connected = async (user: string) =>
  (await connectUser({ sandbox, provider, user })).refreshToken as Secret

describe('the sandbox', () => {
  it('rotates refresh tokens, and revokes the whole grant on reuse', async () => {
    const first = await connected('ann')
    const second = (await refresh(first)).next as Secret
    expect(second.reveal()).not.toBe(first.reveal())
    expect(await refresh(first)).toMatchObject({ error: 'invalid_grant' })
    expect(await refresh(second)).toMatchObject({ error: 'invalid_grant' })
  })

  it('keeps its grants and its address across a restart', async () => {
    const first = await connected('ben')
    const port = Number(new URL(sandbox.url).port)
    await sandbox.close()
    sandbox = await startSandbox({ port, dataDir })
    expect(new URL(sandbox.url).port).toBe(String(port))
    expect(await refresh(first)).toMatchObject({ next: expect.anything() })
  })

  it('revokes the grants of one user only', async () => {
    const [cat, dan] = [await connected('cat'), await connected('dan')]
    sandbox.control.revoke('cat')
    expect(await refresh(cat)).toMatchObject({ error: 'invalid_grant' })
    expect(await refresh(dan)).toMatchObject({ next: expect.anything() })
  })

  it('refuses an expired secret without using the refresh token, and accepts a new one', async () => {
    const token = await connected('eve')
    const old = sandbox.client.secret
    sandbox.control.expireSecret()
    expect(await refresh(token, { clientSecret: old })).toMatchObject({ error: 'invalid_client' })
    const clientSecret = sandbox.control.newSecret()
    expect(await refresh(token, { clientSecret })).toMatchObject({ next: expect.anything() })
    await sandbox.close()
    sandbox = await startSandbox({ port: Number(new URL(sandbox.url).port), dataDir })
  })

  it('answers 503 during an outage without using the refresh token', async () => {
    const token = await connected('fay')
    sandbox.control.outage(60_000)
    expect(await refresh(token)).toMatchObject({
      refusal: { class: 'T', inDoubt: false, providerError: { status: 503 } },
    })
    sandbox.control.heal()
    expect(await refresh(token)).toMatchObject({ next: expect.anything() })
  })

  it('can lose a response after it has rotated', async () => {
    const token = await connected('gil')
    sandbox.control.loseAnswer()
    expect(await refresh(token)).toMatchObject({ refusal: { class: 'T', inDoubt: true } })
    expect(await refresh(token)).toMatchObject({ error: 'invalid_grant' })
  })

  it('delays requests, and drops those whose caller disconnected', async () => {
    const token = await connected('hal')
    sandbox.control.slow(300)
    expect(await refresh(token, { answerMs: 50 })).toMatchObject({ refusal: { inDoubt: true } })
    sandbox.control.heal()
    await eventually(() => expect(sandbox.control.status().thinking).toBe(0))
    expect(await refresh(token)).toMatchObject({ next: expect.anything() })
  })

  it('is controlled over HTTP, but not by a page in a browser', async () => {
    const pull = (verb: string, init: RequestInit = {}) =>
      fetch(`${sandbox.url}/sandbox/${verb}`, {
        method: 'POST',
        body: '{}',
        ...init,
        headers: { 'content-type': 'application/json', ...init.headers },
      })
    expect((await pull('heal')).status).toBe(403)
    expect((await pull('heal', { headers: { 'x-sandbox': '1' } })).status).toBe(200)
    expect((await pull('outage', { headers: { 'x-sandbox': '1' }, body: '{"ms":"long"}' })).status).toBe(400)
  })

  it('prints nothing', () => {
    const module = fileURLToPath(new URL('../../dist/src/sandbox/server.js', import.meta.url))
    const script = `const { startSandbox } = await import(${JSON.stringify(module)}); await (await startSandbox({ port: 0 })).close()`
    expect(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        stdio: 'pipe',
      }),
    ).toBe('')
  })
})
