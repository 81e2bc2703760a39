import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { setUpApp } from './set-up-app.ts'
import type { StageName } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

const setUp = <N extends StageName>(stage: N, settings: object = {}) =>
  setUpApp({ tokenbus, stage, settings })

/** A server that accepts connections, and does not respond. */
async function listening(onSocket: (socket: Socket) => void) {
  const server = createServer(onSocket)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}/token`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('verifying an app that cannot be reached', () => {
  it.each<[string, object, string, string]>([
    [
      'a closed port',
      { tokenUrl: 'http://127.0.0.1:1/token' },
      'token_endpoint',
      'connection_refused (ECONNREFUSED)',
    ],
    [
      'no such issuer',
      { issuer: 'http://127.0.0.1:1', tokenUrl: undefined },
      'discovery',
      'connection_refused (ECONNREFUSED)',
    ],
  ])('%s ends the verification', async (_, settings, step, message) => {
    await using scene = await setUp('plain', settings)
    const found = await scene.verify()
    expect(found.ok).toBe(false)
    expect(found.steps.at(-1)).toEqual({ step, ok: false, message, action: 'wait' })
  })

  it('with another service at the address fails', async () => {
    await using other = await setUp('mailRu')
    await using scene = await setUp('plain', { tokenUrl: `${other.standIn.url}/nothing` })
    expect((await scene.verify()).steps.at(-1)).toMatchObject({
      step: 'token_endpoint',
      ok: false,
      message: 'unknown_error (HTTP 404, http_404)',
    })
  })

  it('with an issuer without metadata fails', async () => {
    await using other = await setUp('mailRu')
    await using scene = await setUp('oidc', { issuer: other.standIn.url })
    expect((await scene.verify()).steps.at(-1)).toMatchObject({
      step: 'discovery',
      ok: false,
      message: 'discovery_failed (HTTP 404)',
      action: expect.stringContaining('issuer'),
    })
  })

  it('without a response ends before the caller’s time-out', async () => {
    await using silent = await listening(() => {})
    await using scene = await setUp('plain', { tokenUrl: silent.url })
    const found = await scene.verify()
    expect(found.steps.at(-1)).toMatchObject({
      step: 'token_endpoint',
      ok: false,
      message: 'answer_timeout',
    })
  })

  it('at its concurrency limit sends nothing', async () => {
    const held: Socket[] = []
    await using silent = await listening((socket) => held.push(socket))
    await using scene = await setUp('plain', { tokenUrl: silent.url, concurrency: 1 })
    await tokenbus.request(`account.put.${scene.app}`, { app: scene.app, user: 'u', refreshToken: 'r' })
    await eventually(() => expect(held).toHaveLength(1))
    expect((await scene.verify()).steps.at(-1)).toMatchObject({
      step: 'token_endpoint',
      ok: false,
      message: 'not sent: there was no time left for it',
    })
    expect(held).toHaveLength(1)
  })

  it('that is throttled sends nothing', async () => {
    await using scene = await setUp('outlookService')
    await tokenbus.request(`account.put.${scene.app}`, { app: scene.app, user: 'u', policy: 'lazy' })
    await tokenbus.heard('token.refreshed', scene.app)
    scene.standIn.throttle(1, 60)
    await tokenbus.request(`token.get.${scene.app}`, { forceRefresh: true })
    const asked = scene.standIn.asked.length
    const found = await scene.verify()
    expect(found.steps.at(-1)).toMatchObject({
      step: 'token_endpoint',
      ok: false,
      message: expect.stringMatching(/^not sent: the provider throttles the app for another \d+ s$/),
    })
    expect(scene.standIn.asked).toHaveLength(asked)
  })
})
