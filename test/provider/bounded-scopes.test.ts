import { describe, expect, it } from 'vitest'
import { accountPutSchema } from '../../src/contract/account.ts'
import { ask, config, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

async function scopesOf(scope: string) {
  const body = JSON.stringify({ access_token: 'a', scope })
  await using server = await startRawServer((socket) => socket.end(answerBytes({ status: 200, body })))
  return await tokensOf(ask(server.url))
}

describe('scopes', () => {
  it('of 360 KB are stored up to the limit, and marked as cut', async () => {
    const { scopes, scopesCut } = await scopesOf(
      Array.from({ length: 3_600 }, (_, i) => `${i}`.padEnd(100, 'x')).join(' '),
    )
    expect(scopes).toHaveLength(256)
    expect(scopesCut).toBe(true)
  })

  it('that are too long are dropped, and the others are kept', async () => {
    const { scopes, scopesCut } = await scopesOf(`mail ${'ä'.repeat(257)} files`)
    expect({ scopes, scopesCut }).toEqual({ scopes: ['mail', 'files'], scopesCut: true })
  })

  it('are split at the app’s separator and at any other', async () => {
    await using server = await startRawServer((socket) =>
      socket.end(
        answerBytes({ status: 200, body: JSON.stringify({ access_token: 'a', scope: 'mail+files send' }) }),
      ),
    )
    const app = { ...config, scopeSeparator: '+', tokenUrl: server.url }
    expect(await tokensOf(ask(server.url, { config: app }))).toMatchObject({
      scopes: ['mail', 'files', 'send'],
    })
  })

  it('of the usual size are all kept', async () => {
    const { scopes, scopesCut } = await scopesOf('mail  files')
    expect({ scopes, scopesCut }).toEqual({ scopes: ['mail', 'files'], scopesCut: undefined })
  })
})

describe('account.put', () => {
  const put = { app: 'app', user: 'alice' }
  it('rejects a scope of more than 512 bytes, and metadata of more than 64 KB', () => {
    expect(accountPutSchema.safeParse({ ...put, scopes: ['ä'.repeat(256)] }).success).toBe(true)
    expect(accountPutSchema.safeParse({ ...put, scopes: ['ä'.repeat(257)] }).success).toBe(false)
    expect(accountPutSchema.safeParse({ ...put, metadata: { note: 'x'.repeat(65_000) } }).success).toBe(true)
    expect(accountPutSchema.safeParse({ ...put, metadata: { note: 'x'.repeat(66_000) } }).success).toBe(false)
  })
})
