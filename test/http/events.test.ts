import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let cluster: HttpCluster

beforeAll(async () => {
  cluster = await startHttpCluster()
  await cluster.connectAccount('team-a-1')
  await cluster.connectAccount('team-b-1')
})
afterAll(() => cluster[Symbol.asyncDispose]())

interface Heard {
  readonly type: string
  readonly body: { account?: string; app?: string }
}

/** Reads events until the test is over. */
async function listen(wish: object): Promise<{ heard: Heard[]; [Symbol.dispose](): void }> {
  const { token } = await cluster.createApiToken(wish)
  const stop = new AbortController()
  const reply = await fetch(`${cluster.url}/v1/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  })
  expect(reply.headers.get('content-type')).toBe('text/event-stream')
  const heard: Heard[] = []
  const read = async () => {
    let text = ''
    for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk)
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const [, type, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? []
        if (type && data) heard.push({ type, body: JSON.parse(data) })
      }
    }
  }
  read().catch(() => undefined)
  return { heard, [Symbol.dispose]: () => stop.abort() }
}

const refresh = (account: string) => cluster.request(`token.get.${account}`, { forceRefresh: true })

describe('server-sent events', () => {
  it('tell of everything as it happens', async () => {
    using reader = await listen({ scopes: ['events:read'] })
    await refresh('team-a-1')
    await eventually(() => {
      expect(reader.heard.map(({ type }) => type)).toContain('token.refreshed')
      expect(reader.heard.filter(({ type }) => type === 'account.transition')).toHaveLength(2)
    })
  })

  it('tell of no account the reader may not see, and of no app to who may not see all', async () => {
    using reader = await listen({ scopes: ['events:read'], accounts: 'team-b-*' })
    using all = await listen({ scopes: ['events:read'] })
    await refresh('team-a-1')
    await cluster.request('app.secret.add.sandbox', {
      secret: 'soon',
      expiresAt: new Date(Date.now() + 86_400_000).toISOString(),
    })
    await refresh('team-b-1')
    await eventually(() => {
      expect(all.heard.map(({ body }) => body.app)).toContain('sandbox')
      expect(reader.heard.map(({ type }) => type)).toContain('token.refreshed')
    })
    expect(new Set(reader.heard.map(({ body }) => body.account))).toEqual(new Set(['team-b-1']))
  })

  it('are for who may read events', async () => {
    const { token } = await cluster.createApiToken({ scopes: ['token:read'] })
    expect((await cluster.ask('GET', '/v1/events', { token })).status).toBe(403)
    expect((await cluster.ask('GET', '/v1/events', { token: null })).status).toBe(401)
  })
})
