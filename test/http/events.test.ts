import { once } from 'node:events'
import { connect } from 'node:net'
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
  readonly body: { id?: string; account?: string; app?: string; generation?: number }
}

interface Reader extends Disposable {
  readonly status: number
  readonly heard: Heard[]
  readonly id: string
  readonly token: string
  readonly ended: boolean
}

const make = async (wish: object): Promise<{ token: string; id: string }> =>
  (await cluster.createApiToken(wish)) as never

/** Reads events until the test is over. */
async function listen(wish: object, more: { token?: string; after?: string } = {}): Promise<Reader> {
  const token = more.token ?? (await make(wish)).token
  const stop = new AbortController()
  const reply = await fetch(`${cluster.url}/v1/events`, {
    headers: { authorization: `Bearer ${token}`, ...(more.after && { 'last-event-id': more.after }) },
    signal: stop.signal,
  })
  const reader = {
    status: reply.status,
    heard: [] as Heard[],
    id: '',
    token,
    ended: false,
    [Symbol.dispose]: () => stop.abort(),
  }
  const read = async () => {
    let text = ''
    for await (const chunk of reply.body as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk)
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
        const type = field('event')
        reader.id = field('id') ?? reader.id
        if (type) reader.heard.push({ type, body: JSON.parse(field('data') as string) })
      }
    }
  }
  void read()
    .catch(() => undefined)
    .finally(() => {
      reader.ended = true
    })
  return reader
}

const refresh = (account: string) => cluster.request(`token.get.${account}`, { forceRefresh: true })

describe('server-sent events', () => {
  it('publish all events as they happen', async () => {
    using reader = await listen({ scopes: ['events:read'] })
    await refresh('team-a-1')
    await eventually(() => {
      expect(reader.heard.map(({ type }) => type)).toContain('token.refreshed')
      expect(reader.heard.filter(({ type }) => type === 'account.transition')).toHaveLength(2)
    })
  })

  it('leave out accounts and apps that the reader may not see', async () => {
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

  it('require the scope events:read', async () => {
    const { token } = await cluster.createApiToken({ scopes: ['token:read'] })
    expect((await cluster.ask('GET', '/v1/events', { token })).status).toBe(403)
    expect((await cluster.ask('GET', '/v1/events', { token: null })).status).toBe(401)
  })

  it('resume after the reader’s last event, with only those it may see', async () => {
    const { token } = await make({ scopes: ['events:read'], accounts: 'team-a-*' })
    let last: string
    {
      using reader = await listen({}, { token })
      await eventually(() => expect(reader.id).toMatch(/^\d+\.\d+$/))
      last = reader.id
    }
    const before = (await refresh('team-a-1')).generation
    await refresh('team-b-1')
    using again = await listen({}, { token, after: last })
    await eventually(() =>
      expect(again.heard.map(({ type, body }) => [type, body.generation])).toContainEqual([
        'token.refreshed',
        before,
      ]),
    )
    await refresh('team-a-1')
    await eventually(() => expect(again.heard.map(({ body }) => body.generation)).toContain(before + 1))
    expect(new Set(again.heard.map(({ body }) => body.account))).toEqual(new Set(['team-a-1']))
    const ids = again.heard.map(({ body }) => body.id)
    expect(ids.length).toBe(new Set(ids).size)
  })

  it.each(['0.0.0', 'x', '999999.999999'])('after %s report a gap', async (after) => {
    using reader = await listen({ scopes: ['events:read'] }, { after })
    await eventually(() => expect(reader.heard[0]?.type).toBe('gap'))
  })

  it.each<[string, () => Promise<{ token: string; end(): Promise<unknown> }>]>([
    [
      'is revoked',
      async () => {
        const { token, id } = await make({ scopes: ['events:read'] })
        return { token, end: () => cluster.request(`api-token.revoke.${id}`, {}) }
      },
    ],
    [
      'was removed without an announcement',
      async () => {
        const { token, id } = await make({ scopes: ['events:read'] })
        return { token, end: () => cluster.redis.hdel('tb:{api-tokens}', id) }
      },
    ],
    [
      'runs out',
      async () => {
        const expiresAt = new Date(Date.now() + 2_000).toISOString()
        return { ...(await make({ scopes: ['events:read'], expiresAt })), end: async () => {} }
      },
    ],
  ])('end when their API token %s', async (_, start) => {
    const { token, end } = await start()
    using reader = await listen({}, { token })
    expect(reader.status).toBe(200)
    await end()
    await eventually(() => expect(reader.ended).toBe(true))
  })

  it('are limited to eight readers per API token', async () => {
    const { token } = await make({ scopes: ['events:read'] })
    const readers = await Promise.all(Array.from({ length: 8 }, () => listen({}, { token })))
    const refused = await cluster.ask('GET', '/v1/events', { token })
    expect(refused).toMatchObject({ status: 429, body: { error: 'rate_limited' } })
    expect(refused.headers.get('retry-after')).toBe('5')
    readers[0]?.[Symbol.dispose]()
    await eventually(async () => {
      using ninth = await listen({}, { token })
      expect(ninth.status).toBe(200)
    })
    for (const reader of readers) reader[Symbol.dispose]()
  })

  it('disconnect a reader that stalls', async () => {
    const { token } = await make({ scopes: ['events:read'] })
    const { hostname, port } = new URL(cluster.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.write(`GET /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`)
    await once(socket, 'data')
    socket.pause()
    // What is not read shows on the node: a ninth stream is there once this one is gone.
    const others = await Promise.all(Array.from({ length: 7 }, () => listen({}, { token })))
    for (const other of others) expect(other.status).toBe(200)
    expect((await cluster.ask('GET', '/v1/events', { token })).status).toBe(429)
    const big = 'x'.repeat(200_000)
    await eventually(async () => {
      for (let i = 0; i < 20; i++) {
        version++
        const event = { id: `e${version}`, type: 'app.secret-expiring', time: new Date().toISOString() }
        cluster.nats.publish(
          'app.secret-expiring.big',
          JSON.stringify({ ...event, app: 'big', version, big }),
        )
      }
      await cluster.nats.flush()
      using ninth = await listen({}, { token })
      expect(ninth.status).toBe(200)
    })
    for (const other of others) expect(other.ended).toBe(false)
    for (const other of others) other[Symbol.dispose]()
    socket.destroy()
  })
})
let version = 0
