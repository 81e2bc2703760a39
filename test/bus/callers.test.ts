import { connect, headers, type Msg, type NatsConnection } from 'nats'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/bus/listen.ts'
import { createAudit } from '../../src/common/audit.ts'
import { ok } from '../../src/contract/failures.ts'
import { eventually } from '../support/eventually.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { plainTokenbus } from './plain-tokenbus.ts'
import { outcome } from './start-bus.ts'

// Separate NATS accounts for callers: one that shares its users, and one that does not.
const configText = `accounts {
  TOKENBUS {
    users: [{ user: service, password: p }, { user: bob, password: p }]
    exports: [{ service: "token.get.*" }]
  }
  TEAM_A {
    users: [{ user: alice, password: p }, { user: "a\\"b", password: p }]
    imports: [{ service: { account: TOKENBUS, subject: "token.get.*" }, share: true }]
  }
  TEAM_B {
    users: [{ user: carol, password: p }]
    imports: [{ service: { account: TOKENBUS, subject: "token.get.*" } }]
  }
}`
const token = new TextEncoder().encode('{"accessToken":"a token"}')

let server: NatsServer
let service: NatsConnection
let lines = ''
const closing: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  server = await startNats({ configText })
  service = await as('service')
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  lines = ''
})
afterAll(async () => {
  await service.close()
  await server.stop()
})

const as = (user: string, options = {}) => connect({ port: server.port, user, pass: 'p', ...options })

async function caller(user: string, options = {}): Promise<NatsConnection> {
  const nats = await as(user, options)
  closing.push(() => nats.close())
  return nats
}

async function startListening(callerRate?: number): Promise<string[]> {
  const refused: string[] = []
  const listening = await listen({
    nats: service,
    tokenbus: plainTokenbus({ getToken: async () => ok(token) }),
    version: '1.2.3',
    readCached: (account) => (account.startsWith('known') ? token : undefined),
    audit: createAudit({ write }),
    replyPrefixes: ['replies.to_'],
    onRefused: (why) => refused.push(why),
    ...(callerRate !== undefined && { callerRate }),
  })
  closing.push(listening.stop)
  return refused
}

function write(text: string | Uint8Array): boolean {
  lines += text
  return true
}

const audited = () =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
const lastLine = () => eventually(() => expect(lines).toMatch(/\n$/)).then(() => audited().at(-1))

describe('an audit line of a token read over NATS', () => {
  const line = { level: 30, audit: 'token.read', time: expect.any(String), msg: 'token read' }

  it.each(['known', 'unknown', 'known%2Eone'])(
    'names the user of another account that shares it: %s',
    async (id) => {
      await startListening()
      const alice = await caller('alice')
      expect((await alice.request(`token.get.${id}`)).json()).toEqual({ accessToken: 'a token' })
      const account = decodeURIComponent(id)
      expect(await lastLine()).toEqual({ ...line, who: 'alice', natsAccount: 'TEAM_A', account })
    },
  )

  it('names the account if the import does not share users', async () => {
    await startListening()
    await (await caller('carol')).request('token.get.known')
    expect(await lastLine()).toEqual({ ...line, who: 'TEAM_B', natsAccount: 'TEAM_B', account: 'known' })
  })

  it('escapes the user’s name', async () => {
    await startListening()
    await (await caller('a"b')).request('token.get.known')
    expect(await lastLine()).toMatchObject({ who: 'a"b', natsAccount: 'TEAM_A' })
  })

  it.each([
    ['_INBOX_bob', '_INBOX_bob'],
    ['_INBOX_"}\\', '_INBOX_"}\\'],
    ['_INBOX', '_INBOX'],
    ['replies.to_bob', 'replies.to_bob'],
  ])('within our account says the inbox, unverified: %s', async (inboxPrefix, who) => {
    await startListening()
    await (await caller('bob', { inboxPrefix })).request('token.get.known')
    expect(await lastLine()).toEqual({ ...line, who, unverified: true, account: 'known' })
  })

  it('ignores a header that the caller sends', async () => {
    await startListening()
    const forged = headers()
    for (const name of ['Nats-Request-Info', 'X-Nats-Request-Info', 'Nats-Request-Info'])
      forged.append(name, '{"acc":"TOKENBUS","user":"service"}')
    const alice = await caller('alice')
    await alice.request('token.get.known', '', { headers: forged, timeout: 2_000 })
    expect(await lastLine()).toMatchObject({ who: 'alice', natsAccount: 'TEAM_A' })
    const bob = await caller('bob', { inboxPrefix: '_INBOX_bob' })
    await bob.request('token.get.known', '', { headers: forged, timeout: 2_000 })
    await eventually(() => expect(audited().at(-1)).toMatchObject({ who: '_INBOX_bob', unverified: true }))
  })

  it('is not written if no token was answered', async () => {
    await startListening()
    const bob = await caller('bob')
    expect(outcome(await bob.request('token.get.%61')).code).toBe('400')
    await bob.request('token.get.known')
    expect((await lastLine())?.account).toBe('known')
    expect(audited()).toHaveLength(1)
  })
})

describe('the rate of a caller', () => {
  async function codes(nats: NatsConnection, count: number): Promise<(string | undefined)[]> {
    const replies = await Promise.all(Array.from({ length: count }, () => nats.request('token.get.known')))
    return replies.map((reply: Msg) => reply.headers?.get('Nats-Service-Error'))
  }
  const served = (all: (string | undefined)[]) => all.filter((word) => word === undefined).length

  it('is limited per account and user', async () => {
    const refused = await startListening(1)
    const [alice, other, carol] = await Promise.all([caller('alice'), caller('a"b'), caller('carol')])
    const [first, ...rest] = await codes(alice, 10)
    expect([first, rest.at(-1)]).toEqual([undefined, 'rate_limited'])
    expect(await codes(other, 1)).toEqual([undefined])
    expect(await codes(carol, 1)).toEqual([undefined])
    expect(new Set(refused)).toEqual(new Set(['rate_limited']))
    const { code, body } = outcome(await alice.request('token.get.unknown'))
    expect({ code, body }).toEqual({
      code: '429',
      body: {
        error: 'rate_limited',
        message: 'this caller sends too many requests; wait for the seconds in retryAfter',
        retryAfter: 1,
      },
    })
  })

  it('is limited per private inbox within the service’s account', async () => {
    await startListening(1)
    const bob = await caller('bob', { inboxPrefix: '_INBOX_bob' })
    expect(served(await codes(bob, 10))).toBeLessThan(10)
    expect(await codes(await caller('bob', { inboxPrefix: '_INBOX_ann' }), 1)).toEqual([undefined])
  })

  it('is not limited if the caller cannot be identified, nor without a configured rate', async () => {
    await startListening(1)
    expect(served(await codes(await caller('bob'), 20))).toBe(20)
    await closing.shift()?.()
    await startListening(0)
    expect(served(await codes(await caller('alice'), 20))).toBe(20)
  })
})
