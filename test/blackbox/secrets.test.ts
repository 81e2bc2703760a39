import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'

/** Every key and value of this Redis as text. */
async function dumpRedis(url: string): Promise<string> {
  const redis = new Redis(url)
  const parts: string[] = []
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key)
    parts.push(key)
    if (type === 'hash') parts.push(JSON.stringify(await redis.hgetall(key)))
    if (type === 'zset') parts.push(JSON.stringify(await redis.zrange(key, '0', '-1')))
    if (type === 'stream') parts.push(JSON.stringify(await redis.xrange(key, '-', '+')))
  }
  redis.disconnect()
  return parts.join('\n')
}

/** Every message of both streams as text, headers too. */
async function dumpStreams({ nats }: Cluster): Promise<string> {
  const parts: string[] = []
  const { streams } = await nats.jetstreamManager()
  for (const name of ['TOKENBUS_EVENTS', 'TOKENBUS_HISTORY']) {
    const { state } = await streams.info(name)
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const { subject, header, data } = await streams.getMessage(name, { seq })
      parts.push(subject, String(header), new TextDecoder().decode(data))
    }
  }
  return parts.join('\n')
}

it('no token and no client secret is in any log, event, history or error, or unencrypted in Redis', async () => {
  await using cluster = await startCluster()
  const { sandbox, request, nats } = cluster
  const nodes = await Promise.all([cluster.startNode(), cluster.startNode()])
  const plain: string[] = []
  for (const subject of [
    'token.refreshed.*',
    'token.invalid.*',
    'account.*.*',
    'app.secret-expired.*',
    'app.secret-restored.*',
  ]) {
    nats.subscribe(subject, {
      callback(_, message) {
        const isEvent = !message.reply
        if (isEvent) plain.push(message.subject, String(message.headers), message.string())
      },
    })
  }
  const answers: string[] = []
  const refused = async (subject: string, payload: object) => {
    const reply = await request(subject, payload)
    expect(reply.error).toEqual(expect.any(String))
    answers.push(JSON.stringify(reply))
  }
  const becomes = (state: string) =>
    eventually(async () => expect(await request('account.get.alice')).toMatchObject({ state }))

  // A second account is evidence about the secret, with or without a baseline.
  await cluster.connectAccount('bob')
  await request('token.get.bob', { forceRefresh: true })
  await cluster.connectAccount('alice')
  const first = await request('token.get.alice')
  await request('token.get.alice', { forceRefresh: true })
  const { generation, accessToken } = await request('token.get.alice')
  await request('token.reject.alice', { generation })
  sandbox.control.loseAnswer()
  await request('token.get.alice', { forceRefresh: true })
  await cluster.connectAccount('alice')
  sandbox.control.outage(60_000)
  await request('token.get.alice', { forceRefresh: true })
  sandbox.control.heal()
  await cluster.connectAccount('alice')

  const oldSecret = sandbox.client.secret
  sandbox.control.expireSecret()
  await request('token.get.alice', { forceRefresh: true })
  await becomes('secret-expired')
  const newSecret = sandbox.control.newSecret()
  answers.push(JSON.stringify(await request('app.secret.add.sandbox', { secret: newSecret.reveal() })))
  await becomes('valid')
  // Secrets in the wrong place are not quoted in errors.
  const last = await request('token.get.alice')
  await refused('account.put.alice', {
    app: 'sandbox',
    user: { name: last.accessToken },
    refreshToken: last.accessToken,
  })
  await refused('account.put.alice', { app: last.accessToken, user: 'alice', refreshToken: last.accessToken })
  await refused('app.put.sandbox', {
    provider: newSecret.reveal(),
    clientId: 'x',
    clientSecret: newSecret.reveal(),
  })
  await refused('token.get.alice', { [last.accessToken]: last.accessToken })
  sandbox.control.revoke('alice')
  await refused('token.get.alice', { forceRefresh: true })
  await becomes('revoked')
  answers.push(JSON.stringify([await request('account.get.alice'), await request('account.history.alice')]))
  answers.push(JSON.stringify([await request('account.list'), await request('app.list')]))

  const issued = [...sandbox.issued(), oldSecret, newSecret].map((secret) => secret.reveal())
  expect(issued).toEqual(expect.arrayContaining([first.accessToken, accessToken, last.accessToken]))
  expect(issued.length).toBeGreaterThan(12)
  const redisText = await dumpRedis(cluster.redisServer.url)
  const places = {
    logs: nodes.map((node) => node.output()).join('\n'),
    events: plain.join('\n'),
    streams: await dumpStreams(cluster),
    answers: answers.join('\n'),
    redis: redisText,
  }
  expect(places.redis).toContain('tb:{')
  expect(places.streams).toContain('token.invalid')
  expect(places.logs).toContain('refresh attempt ended')
  for (const [place, text] of Object.entries(places)) {
    const found = issued.filter((secret) => text.includes(secret)).length
    expect({ place, found }).toEqual({ place, found: 0 })
  }
})
