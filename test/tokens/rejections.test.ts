import { connect } from 'nats'
import { expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { tokenRejectSchema } from '../../src/contract/token.ts'
import { startProvider } from '../provider/ask.ts'
import { type Answer, answerBytes, startRawServer } from '../provider/raw-server.ts'
import { useEngines } from '../support/engines.ts'
import { eventually } from '../support/eventually.ts'
import { sandboxApp, startTestNode } from '../support/node.ts'

const engines = useEngines()

const challenge = { access_token: { nbf: { essential: true, value: '1604106651' } } }
const asHeader = Buffer.from(JSON.stringify(challenge)).toString('base64url')
const json = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body) })

/**
 * Two nodes, one account of generation 1, and a token endpoint with this response after the first `unanswered`
 * requests.
 */
async function start(account: string, said: Answer, { unanswered = 0 } = {}) {
  let asked = 0
  const endpoint = await startRawServer((socket) =>
    ++asked > unanswered ? socket.end(answerBytes(said)) : socket.destroy(),
  )
  const provider = startProvider()
  const shared = { ...engines, refreshToken: provider.refreshToken }
  const nodes = [await startTestNode(shared), await startTestNode(shared)] as const
  await nodes[0].tokenbus.putApp(account, { ...sandboxApp, tokenUrl: endpoint.url })
  await nodes[0].tokenbus.putAccount(account, {
    app: account,
    user: 'someone',
    accessToken: new Secret('first'),
    refreshToken: new Secret('r1'),
    expires: new Date(Date.now() + 3_600_000).toISOString(),
  })
  const reject = async (node: number, report: object) => {
    const tokenbus = (nodes[node % 2] as (typeof nodes)[0]).tokenbus
    const reply = await tokenbus.rejectToken(account, tokenRejectSchema.parse(report))
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
  }
  const get = async (node: number, want = {}) => {
    const reply = await (nodes[node] as (typeof nodes)[0]).tokenbus.getToken(account, want)
    return reply.ok ? JSON.parse(new TextDecoder().decode(reply.value)) : reply.failure
  }
  return {
    get,
    reject,
    nodes,
    forms: () => endpoint.requests.map((each) => new URLSearchParams(each.split('\r\n\r\n')[1])),
    async [Symbol.asyncDispose]() {
      for (const node of nodes) await node[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
      await endpoint[Symbol.asyncDispose]()
    },
  }
}

it('fifty token.reject on two nodes cause one refresh with the claims challenge; late ones cause none', async () => {
  const tokens = { access_token: 'second', refresh_token: 'r2', expires_in: 3600 }
  await using cluster = await start('reported', json(200, tokens))
  const report = { generation: 1, claims: asHeader }
  const replies = await Promise.all(Array.from({ length: 50 }, (_, i) => cluster.reject(i, report)))
  for (const reply of replies) expect(reply).toMatchObject({ accessToken: 'second', generation: 2 })
  for (const node of [0, 1])
    expect(await cluster.reject(node, report)).toMatchObject({ accessToken: 'second', generation: 2 })
  expect(cluster.forms().map((form) => form.get('claims'))).toEqual([JSON.stringify(challenge)])
})

it('a claims challenge that only the user can satisfy is in the reply and in token.invalid', async () => {
  const claims = { id_token: { amr: { values: ['mfa'] } } }
  const said = {
    error: 'interaction_required',
    error_codes: [50076],
    suberror: 'basic_action',
    claims: JSON.stringify(claims),
  }
  const listener = await connect({ servers: engines.natsUrl })
  const heard: unknown[] = []
  listener.subscribe('token.invalid.challenged', { callback: (_, message) => heard.push(message.json()) })
  await listener.flush()
  await using cluster = await start('challenged', json(400, said))
  expect(await cluster.reject(0, { generation: 1, claims: asHeader })).toMatchObject({
    error: 'grant_revoked',
    reason: 'mfa_required',
    recoverable: true,
    claims: JSON.stringify(claims),
  })
  await eventually(() => expect(heard).toHaveLength(1))
  expect(heard).toEqual([
    expect.objectContaining({
      class: 'S',
      reason: 'mfa_required',
      providerError: expect.objectContaining({ claims: JSON.stringify(claims) }),
    }),
  ])
  await listener.close()
})

it('after a lost attempt, a rejected token is not served until the earliest safe attempt replaces it', async () => {
  const tokens = { access_token: 'second', refresh_token: 'r2', expires_in: 3600 }
  await using cluster = await start('doubtful', json(200, tokens), { unanswered: 1 })
  await cluster.get(0, { forceRefresh: true })
  expect(cluster.forms()).toHaveLength(1)
  for (const node of [0, 1]) expect(await cluster.get(node)).toMatchObject({ accessToken: 'first' })
  const unavailable = { error: 'provider_unavailable', retryAfter: expect.toSatisfy((after) => after <= 5) }
  expect(await cluster.reject(0, { generation: 1 })).toMatchObject(unavailable)
  await eventually(async () => expect(await cluster.get(1)).toMatchObject(unavailable))
  expect(await cluster.get(0)).toMatchObject(unavailable)
  await eventually(async () => expect(await cluster.get(1)).toMatchObject({ accessToken: 'second' }), {
    every: 100,
  })
  expect(cluster.forms()).toHaveLength(2)
})
