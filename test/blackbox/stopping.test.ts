import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type Nodes, startNodes } from '../support/nodes.ts'
import type { TokenbusProcess } from '../support/tokenbus-process.ts'

let nodes: Nodes
let node: TokenbusProcess

beforeEach(async () => {
  nodes = await startNodes()
  node = await nodes.startNode({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
})
afterEach(async () => {
  nodes.redisServer.resume()
  nodes.natsServer.resume()
  await nodes[Symbol.asyncDispose]()
})

async function apiToken(): Promise<string> {
  const { token } = await nodes.request('api-token.create', { name: 'test', scopes: ['admin'] })
  return token
}

/** An event stream whose reader has stopped reading. */
async function openStream(): Promise<void> {
  const { hostname, port } = new URL(node.httpUrl())
  const socket = connectTcp(Number(port), hostname)
  const head = [`GET /v1/events HTTP/1.1`, 'host: tokenbus', `authorization: Bearer ${await apiToken()}`]
  socket.on('error', () => undefined)
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await once(socket, 'readable')
}

describe('SIGTERM ends the process', () => {
  it('while an event stream is open whose client does not read', async () => {
    await openStream()
    expect(await node.stop()).toBe(0)
  })

  it('while NATS does not respond', async () => {
    await nodes.natsServer.pause()
    expect(await node.stop()).toBe(0)
  })

  it('while Redis does not respond', async () => {
    await nodes.redisServer.pause()
    expect(await node.stop()).toBe(0)
  })

  it('while neither responds, and an event stream is open', async () => {
    await openStream()
    await nodes.natsServer.pause()
    await nodes.redisServer.pause()
    expect(await node.stop()).toBe(0)
  })
})

it('a node that is about to stop is not ready, and still answers', async () => {
  const other = await nodes.startNode({ TOKENBUS_LEAVE_AFTER: '60', TOKENBUS_ENABLE_TOKEN_API: 'true' })
  const ask = (path: string) => fetch(`${other.httpUrl()}${path}`)
  expect((await ask('/readyz')).status).toBe(200)
  other.signal('SIGTERM')
  await eventually(async () => {
    const reply = await ask('/readyz')
    expect(reply.status).toBe(503)
    expect(await reply.json()).toMatchObject({ missing: ['stopping'] })
  })
  const reply = await ask('/livez')
  expect([reply.status, reply.headers.get('connection')]).toEqual([200, 'close'])
  expect((await nodes.request('token.get.nobody')).error).toBe('account_not_found')
  other.signal('SIGKILL')
})
