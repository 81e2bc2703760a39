import type { Socket } from 'node:net'
import { DebugEvents, type NatsConnection } from 'nats'
import { describe, expect, it, vi } from 'vitest'
import { connectNats } from '../../src/bus/connect.ts'
import { StartError } from '../../src/common/start-error.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'

const withUser = `authorization { users = [{ user: "svc.a", password: "p@ss,word" }] }`
const credentials = 'svc.a:p%40ss%2Cword'
const nobodyListens = '127.0.0.1:1'

async function refusal(connecting: Promise<NatsConnection>): Promise<string> {
  const error = await connecting.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(StartError)
  return (error as StartError).message
}

async function countReconnects(nats: NatsConnection, count: () => void): Promise<void> {
  for await (const { type } of nats.status()) if (type === DebugEvents.Reconnecting) count()
}

describe('connectNats', () => {
  it('uses the credentials in the URL, and a private inbox of that user', async () => {
    await using server = await startNats({ configText: withUser })
    const nats = await connectNats({ url: `nats://${credentials}@127.0.0.1:${server.port}`, name: 'test' })
    const inbox = new Promise<string>((resolve) => {
      nats.subscribe('inbox.of.request', {
        callback(_error, message) {
          resolve(message.reply ?? '')
          message.respond()
        },
      })
    })
    await nats.request('inbox.of.request')
    expect(await inbox).toMatch(/^_INBOX_svc%2Ea\./)
    await nats.close()
  })

  it('sends what is published in one turn of the event loop in one write, after a reconnect too', async () => {
    await using server = await startNats()
    const reconnected = vi.fn()
    const nats = await connectNats({ url: server.url, name: 'test', onReconnect: reconnected })
    type Inner = { readonly protocol: { readonly transport: { readonly socket: Socket } } }
    const socket = () => (nats as unknown as Inner).protocol.transport.socket
    for (const connection of ['the first', 'the second']) {
      const written = vi.spyOn(socket(), '_writev')
      const alone = vi.spyOn(socket(), '_write')
      for (const text of ['a', 'b', 'c']) {
        nats.publish('some.subject', text)
        // The client writes at the end of what the microtask queue holds now.
        for (let later = 0; later < 10; later++) await null
      }
      await nats.flush()
      const writes = written.mock.calls.length + alone.mock.calls.length
      expect({ connection, writes }).toEqual({ connection, writes: 1 })
      socket().destroy()
      await eventually(() => expect(reconnected).toHaveBeenCalled())
    }
    await nats.close()
  })

  it('tries each of several servers', async () => {
    await using server = await startNats()
    const nats = await connectNats({ url: `nats://${nobodyListens}, ${server.url}`, name: 'test' })
    expect(nats.getServer()).toBe(`127.0.0.1:${server.port}`)
    await nats.close()
  })

  it('reports when the connection is lost and when it is back', async () => {
    const server = await startNats()
    const onDisconnect = vi.fn()
    const onReconnect = vi.fn()
    const nats = await connectNats({ url: server.url, name: 'test', onDisconnect, onReconnect })
    let attempts = 0
    void countReconnects(nats, () => attempts++)
    await server.kill()
    await eventually(() => expect(attempts).toBeGreaterThan(1))
    expect(onDisconnect).toHaveBeenCalledOnce()
    expect(onReconnect).not.toHaveBeenCalled()
    await using _again = await startNats({ port: server.port })
    await eventually(() => expect(onReconnect).toHaveBeenCalledOnce())
    await nats.close()
    expect(onDisconnect).toHaveBeenCalledOnce()
  })

  it('detects a silent server by pings', async () => {
    await using server = await startNats()
    const onDisconnect = vi.fn()
    const nats = await connectNats({ url: server.url, name: 'test', pingInterval: 50, onDisconnect })
    await server.pause()
    await eventually(() => expect(onDisconnect).toHaveBeenCalledOnce())
    server.resume()
    await nats.close()
  })
})

describe('a failed connection is one sentence without the password', () => {
  it('if no server listens', async () => {
    const url = `nats://svc:hunter2@${nobodyListens}`
    expect(await refusal(connectNats({ url, name: 'test' }))).toBe(
      `Cannot connect to NATS at ${nobodyListens}: nothing listens there.`,
    )
  })

  it('if the credentials are wrong', async () => {
    await using server = await startNats({ configText: withUser })
    const url = `nats://svc:hunter2@127.0.0.1:${server.port}`
    expect(await refusal(connectNats({ url, name: 'test' }))).toBe(
      `Cannot connect to NATS at 127.0.0.1:${server.port}: the server does not accept these credentials.`,
    )
  })

  it.each([
    ['http://svc:hunter2@host', 'Entry 1 of the NATS URL is not of the form nats://host:port.'],
    [
      'nats://host,nats://svc:hunter2@:99999999',
      'Entry 2 of the NATS URL is not of the form nats://host:port.',
    ],
    ['', 'Entry 1 of the NATS URL is not of the form nats://host:port.'],
    ['nats://svc:hunter2%@host', 'The credentials in the NATS URL must be percent-encoded.'],
  ])('when the URL is malformed (%#)', async (url, message) => {
    expect(await refusal(connectNats({ url, name: 'test' }))).toBe(message)
  })

  it('if the credentials file is missing or contains none', async () => {
    const url = 'nats://127.0.0.1:1'
    expect(await refusal(connectNats({ url, name: 'test', creds: '/nowhere/x.creds' }))).toBe(
      'The NATS credentials file /nowhere/x.creds cannot be read.',
    )
    expect(await refusal(connectNats({ url, name: 'test', creds: 'package.json' }))).toBe(
      'The file package.json contains no NATS user credentials (a user JWT with its seed, or an NKey seed).',
    )
  })
})
