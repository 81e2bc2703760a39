import type { Msg } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectNats } from '../../src/bus/connect.ts'
import { listen } from '../../src/bus/listen.ts'
import { eventTypes } from '../../src/bus/subjects.ts'
import { type EventType, eventSchemas } from '../../src/contract/events.ts'
import { failureSchema } from '../../src/contract/failures.ts'
import { requests, type Verb, verbs } from '../../src/contract/requests.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'
import { sandboxApp, startTestNode, type TestNode } from '../support/node.ts'
import { startPlainProvider } from '../support/plain-provider.ts'
import { startRedis } from '../support/redis.ts'
import { refuseApp } from '../support/refuse-app.ts'
import { answered, refused, scriptedProvider } from '../support/scripted-provider.ts'
import { check, complaints, headersOf, type Message, messages } from './asyncapi-document.ts'

describe('live messages', () => {
  const provider = scriptedProvider()
  const stopping: (() => Promise<unknown>)[] = []
  const seen = new Set<string>()
  const wrong: unknown[] = []
  let node: TestNode
  let ask: (subject: string, payload?: object) => Promise<Record<string, unknown>>

  beforeAll(async () => {
    const natsServer = await startNats({ configText: 'jetstream { max_file_store: 20GB }' })
    const redis = await startRedis()
    node = await startTestNode({
      natsUrl: natsServer.url,
      redisUrl: redis.url,
      refreshToken: provider.refreshToken,
      keys: `k:${Buffer.alloc(32, 1).toString('base64')}`,
      waker: false,
    })
    const nats = await connectNats({ url: natsServer.url, name: 'test' })
    const listening = await listen({ nats, tokenbus: node.tokenbus, version: '1.2.3' })
    const client = await connectNats({ url: natsServer.url, name: 'client' })
    stopping.push(
      listening.stop,
      () => client.close(),
      () => nats.close(),
    )
    stopping.push(async () => node[Symbol.asyncDispose](), redis.stop, natsServer.stop)

    const hear = (type: EventType) => (_: unknown, message: Msg) => {
      try {
        check(type, { headers: headersOf(message.headers), body: message.json(), strict: eventSchemas[type] })
        seen.add(type)
      } catch (error) {
        wrong.push(error)
      }
    }
    for (const type of eventTypes) client.subscribe(`${type}.*`, { callback: hear(type) })
    await client.flush()

    ask = async (subject, payload) => {
      const verb = verbs.find((each) => subject === each || subject.startsWith(`${each}.`)) as Verb
      if (payload) expect(complaints((messages[`${verb}.request`] as Message).payload, payload)).toEqual([])
      const reply = await client.request(subject, payload && JSON.stringify(payload), { timeout: 8_000 })
      const body = reply.json<Record<string, unknown>>()
      const headers = headersOf(reply.headers)
      const failed = 'Nats-Service-Error' in headers
      if (failed) check('failure', { headers, body, strict: failureSchema })
      else check(`${verb}.answer`, { headers, body, strict: requests[verb].reply })
      seen.add(failed ? `${verb} failed` : verb)
      return body
    }
  })
  afterAll(async () => {
    for (const stop of stopping) await stop()
  })

  it('of every kind match the AsyncAPI document', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
    const soon = new Date(Date.now() + 2 * 86_400_000).toISOString()
    const { clientSecret, ...app } = sandboxApp
    const client = { ...app, clientSecret: clientSecret.reveal() }
    const put = { app: 'app', user: 'alice@example.com', refreshToken: 'r1', scopes: ['mail'] }
    let asked = 0
    const answering = async (answer: Parameters<typeof provider.answer>[0], request: Promise<unknown>) => {
      await provider.asked(++asked)
      provider.answer(answer)
      await request
    }

    await ask('app.put.app', client)
    await ask('account.put.alice', {
      ...put,
      accessToken: 'a1',
      expires: inAnHour,
      grantExpires: soon,
      metadata: { team: ['blue', 1, null] },
    })
    await ask('token.get.alice')
    await ask('token.get.nobody')
    await node.host.accounts.receive('alice', ({ at }) => ({
      event: { type: 'timer.due', at, id: 'due', used: false },
    }))
    await ask('token.get.alice', { minValidity: 5, ifGeneration: 1 })
    const next = answered({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 3_600 })
    await answering(next, ask('token.reject.alice', { generation: 1 }))
    await answering(
      refused({ class: 'T', reason: 'provider_unavailable' }),
      ask('token.get.alice', { forceRefresh: true }),
    )
    await using elsewhere = await startPlainProvider({
      answer: () => [
        200,
        {
          device_code: 'd',
          user_code: 'ABCD',
          verification_uri: 'https://example.com/device',
          expires_in: 60,
        },
      ],
    })
    await ask('app.put.elsewhere', { ...client, deviceUrl: elsewhere.origin })
    await ask('account.device.carol', { app: 'elsewhere' })
    await ask('account.get.alice')
    await ask('account.list', { app: 'app', limit: 10 })
    await ask('keys.rotate', { key: 'k' })
    await ask('keys.rotate', { key: 'another' })
    await ask('events.dead')
    await ask('events.retry', { all: true })
    await ask('events.drop', { id: 'e1' })
    await ask('upgrade.finish', { level: 2 })

    await ask('app.secret.add.app', { id: 'second', secret: 's2', expiresAt: soon })
    await ask('app.secret.remove.app', { id: 'second' })
    await ask('app.verify.app')
    await ask('app.get.app')
    await ask('app.list')
    await ask('account.put.bob', { ...put, user: 'bert@example.com' })
    await ask('account.put.bob', { ...put, user: 'bob@example.com', refreshToken: 'of bob' })
    // Without a baseline two refused grants open the circuit.
    for (const grant of ['alice', 'bob']) await refuseApp(node, 'app', { grant })
    // The same with an unknown error code, over more than ten minutes.
    await ask('app.put.strange', client)
    const earlier = { since: Date.now() - 11 * 60_000, count: 3 }
    for (const attempt of ['first', 'second'])
      await refuseApp(node, 'strange', {
        attempt,
        grant: 'carol',
        accusation: 'unknown',
        earlier,
        refusedSecrets: [],
      })
    await ask('app.delete.strange', {})
    await ask('app.secret.add.app', { secret: 's3' })

    await ask('account.revoke.alice', {})
    await ask('token.get.alice')
    await ask('account.delete.bob', {})
    await ask('account.delete.alice', {})
    await ask('app.delete.app', {})
    const { id } = await ask('api-token.create', { name: 'a reader', scopes: ['token:read'] })
    await ask('api-token.list')
    await ask(`api-token.revoke.${id}`, {})
    await eventually(async () => {
      const { transitions } = await ask('account.history.alice')
      expect((transitions as unknown[]).length).toBeGreaterThan(3)
      expect(wrong).toEqual([])
      expect([...verbs, ...eventTypes].filter((each) => !seen.has(each))).toEqual([])
    })
    expect(seen).toContain('token.get failed')
    expect(seen).toContain('keys.rotate failed')
  })
})
