import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { eventually } from '../support/eventually.ts'
import { ask, config, refusalOf, startProvider, timing, tokensOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'

const unsent = { class: 'T', sent: false, inDoubt: false }
const doubtful = { class: 'T', sent: true, inDoubt: true }
const tokens = answerBytes({ status: 200, body: '{"access_token":"at-1","token_type":"bearer"}' })

describe('a request is reported as unsent', () => {
  test('if the connection is refused', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    expect(await refusalOf(ask(`http://127.0.0.1:${port}/token`))).toMatchObject({
      ...unsent,
      reason: 'connection_refused',
      providerError: { status: null, error: 'ECONNREFUSED' },
    })
  })

  test('if the name does not exist', async () => {
    const refusal = await refusalOf(
      ask('http://tokenbus.invalid/token', { timing: { connectMs: 10_000, answerMs: 10_000 } }),
    )
    expect(refusal).toMatchObject({ ...unsent, reason: 'dns_failure' })
  })

  test('if TLS fails', async () => {
    await using server = await startRawServer(
      () => {},
      (socket) => socket.end('this is not TLS\n'),
    )
    const refusal = await refusalOf(ask(server.url.replace('http:', 'https:')))
    expect(refusal).toMatchObject({ ...unsent, reason: 'tls_failure' })
  })

  test('if the TLS handshake times out', async () => {
    await using server = await startRawServer(() => {})
    await using provider = startProvider()
    const refusal = await refusalOf(
      provider.refreshToken({
        config: { ...config, tokenUrl: server.url.replace('http:', 'https:') },
        user: 'alice',
        refreshToken: new Secret('refresh-1'),
        timing: { connectMs: 100, answerMs: 5_000 },
      }),
    )
    expect(refusal).toMatchObject({ ...unsent, reason: 'connect_timeout' })
  })

  test('if no connection is free in time, and is not sent later', async () => {
    const waiting: (() => void)[] = []
    await using server = await startRawServer((socket, request) => {
      if (request.includes('early')) waiting.push(() => socket.write(tokens))
      else socket.write(tokens)
    })
    await using provider = startProvider()
    const refresh = (name: string, connectMs: number) =>
      provider.refreshToken({
        config: { ...config, tokenUrl: server.url },
        user: 'alice',
        refreshToken: new Secret(name),
        timing: { connectMs, answerMs: 20_000 },
      })
    const early = Array.from({ length: 256 }, () => refresh('early', 10_000))
    await eventually(() => expect(waiting).toHaveLength(256))
    expect(await refusalOf(refresh('late', 50))).toMatchObject({ ...unsent, reason: 'connect_timeout' })
    for (const answer of waiting) answer()
    await Promise.all(early.map(tokensOf))
    await tokensOf(refresh('last', 10_000))
    expect(server.requests.filter((request) => request.includes('late'))).toEqual([])
  })

  test('if the client is closed', async () => {
    const provider = startProvider()
    await provider.close()
    const answer = provider.refreshToken({
      config: { ...config, tokenUrl: 'http://127.0.0.1:9/' },
      user: 'alice',
      refreshToken: new Secret('refresh-1'),
      timing,
    })
    expect(await refusalOf(answer)).toMatchObject(unsent)
  })
})

describe('a request that was sent', () => {
  test('has an unknown outcome if the connection is reset', async () => {
    await using server = await startRawServer((socket) => socket.resetAndDestroy())
    expect(await refusalOf(ask(server.url))).toMatchObject({
      ...doubtful,
      reason: 'connection_lost',
      providerError: { status: null, error: 'ECONNRESET' },
    })
    expect(server.requests).toHaveLength(1)
  })

  test('has an unknown outcome if the connection is closed', async () => {
    await using server = await startRawServer((socket) => socket.end())
    expect(await refusalOf(ask(server.url))).toMatchObject({ ...doubtful, reason: 'connection_lost' })
    expect(server.requests).toHaveLength(1)
  })

  test('has an unknown outcome if the response is no HTTP', async () => {
    await using server = await startRawServer((socket) => socket.end('220 smtp.example.com ESMTP\r\n'))
    expect(await refusalOf(ask(server.url))).toMatchObject({ ...doubtful, reason: 'connection_lost' })
  })

  test('has an unknown outcome if a 200 response is cut off', async () => {
    await using server = await startRawServer((socket) => socket.end(tokens.subarray(0, -5)))
    expect(await refusalOf(ask(server.url))).toMatchObject({
      ...doubtful,
      reason: 'unreadable_answer',
      providerError: { status: 200 },
    })
  })

  test('has a known status if a 503 response is cut off', async () => {
    const bytes = answerBytes({ status: 503, body: 'unavailable' })
    await using server = await startRawServer((socket) => socket.end(bytes.subarray(0, -5)))
    expect(await refusalOf(ask(server.url))).toMatchObject({
      class: 'T',
      sent: true,
      inDoubt: false,
      providerError: { status: 503 },
    })
  })

  test('has an unknown outcome without a response in time', async () => {
    await using server = await startRawServer(() => {})
    const refusal = await refusalOf(ask(server.url, { timing: { connectMs: 5_000, answerMs: 300 } }))
    expect(refusal).toMatchObject({ ...doubtful, reason: 'answer_timeout' })
  })

  test('is awaited longer than the connect time-out', async () => {
    await using server = await startRawServer((socket) => setTimeout(() => socket.end(tokens), 2_500))
    const answer = await tokensOf(ask(server.url, { timing: { connectMs: 2_000, answerMs: 10_000 } }))
    expect(answer.accessToken.reveal()).toBe('at-1')
  })

  test('is awaited while the response arrives slowly', async () => {
    await using server = await startRawServer((socket) => {
      socket.write(tokens.subarray(0, 20))
      setTimeout(() => socket.end(tokens.subarray(20)), 200)
    })
    await tokensOf(ask(server.url))
  })
})

test('sockets are reused for a second only, because a stale one would make the outcome unknown', async () => {
  const body = '{"access_token":"at-1"}'
  const wishing = answerBytes({ status: 200, headers: { 'keep-alive': 'timeout=60' }, body })
  let open = 0
  await using server = await startRawServer(
    (socket) => socket.write(wishing),
    (socket) => {
      open += 1
      socket.on('close', () => {
        open -= 1
      })
    },
  )
  await using provider = startProvider()
  for (let times = 0; times < 20; times++) {
    await tokensOf(
      provider.refreshToken({
        config: { ...config, tokenUrl: server.url },
        user: 'alice',
        refreshToken: new Secret('refresh-1'),
        timing,
      }),
    )
  }
  expect(server.connections()).toBeLessThan(4)
  await eventually(() => expect(open).toBe(0))
})
