import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NatsConnection, nkeys } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectNats } from '../../src/bus/connect.ts'
import { listen } from '../../src/bus/listen.ts'
import { ok } from '../../src/contract/failures.ts'
import { ensureStreams } from '../../src/events/streams.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { createNatsOperator, type Permissions } from '../support/nats-operator.ts'
import { plainTokenbus } from './plain-tokenbus.ts'

const token = { account: 'alice', accessToken: 'a token' }
const inboxOf = (user: string) => `_INBOX_${user}.>`
const service = (user: string): Permissions => ({
  publish: ['_INBOX_alice-app.>', '$JS.API.>'],
  subscribe: [
    'token.>',
    'account.>',
    'app.>',
    'api-token.>',
    'keys.>',
    'events.>',
    'upgrade.>',
    '$SRV.>',
    inboxOf(user),
  ],
})
const aliceOnly = (user: string): Permissions => ({
  publish: ['token.get.alice'],
  subscribe: [inboxOf(user)],
})

let directory: string
const open: NatsConnection[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenbus-identities-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function as(server: NatsServer, creds: string): Promise<NatsConnection> {
  const path = join(directory, `${open.length}.creds`)
  await writeFile(path, creds)
  const nats = await connectNats({ url: server.url, creds: path, name: 'test' })
  open.push(nats)
  return nats
}

interface Signed {
  readonly server: NatsServer
  readonly service: string
  readonly consumer: string
  /** Well-formed, and not one of this server's. */
  readonly stranger: string
}

async function byNkey(): Promise<Signed> {
  const pair = () => {
    const user = nkeys.createUser()
    return { id: String(user.getPublicKey()), seed: `${Buffer.from(user.getSeed()).toString()}\n` }
  }
  const [node, app, stranger] = [pair(), pair(), pair()]
  const user = (id: string, { publish, subscribe }: Permissions) =>
    `{ nkey: ${id}, permissions: ${JSON.stringify({ publish, subscribe })} }`
  const nodeMay = { ...service(node.id), publish: [inboxOf(app.id), '$JS.API.>'] }
  const server = await startNats({
    configText: `
      jetstream { max_file_store: 20GB }
      authorization { users: [ ${user(node.id, nodeMay)}, ${user(app.id, aliceOnly(app.id))} ] }`,
  })
  return { server, service: node.seed, consumer: app.seed, stranger: stranger.seed }
}

async function byJwt(): Promise<Signed> {
  const operator = createNatsOperator()
  const server = await startNats({ configText: operator.config })
  return {
    server,
    service: operator.creds('tokenbus', service('tokenbus')),
    consumer: operator.creds('alice-app', aliceOnly('alice-app')),
    stranger: createNatsOperator().creds('alice-app', aliceOnly('alice-app')),
  }
}

describe.each([
  ['an NKey', byNkey],
  ['a JWT', byJwt],
] as const)('%s', (_, start) => {
  let signed: Signed
  beforeAll(async () => {
    signed = await start()
    const nats = await as(signed.server, signed.service)
    await ensureStreams({ nats })
    await listen({
      nats,
      tokenbus: plainTokenbus({ getToken: async () => ok(token as never) }),
      version: '1.2.3',
    })
  })
  afterAll(async () => {
    await Promise.all(open.splice(0).map((nats) => nats.close()))
    await signed.server.stop()
  })

  it('authenticates the service and a consumer, whose replies go to its private inbox', async () => {
    const app = await as(signed.server, signed.consumer)
    expect((await app.request('token.get.alice')).json()).toEqual(token)
  })

  it('limits a consumer to its account’s subjects', async () => {
    const app = await as(signed.server, signed.consumer)
    for (const subject of ['token.get.bob', 'account.get.alice', 'token.refreshed.alice'])
      await expect(app.request(subject)).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
  })

  it('reports an unknown user in one sentence', async () => {
    await expect(as(signed.server, signed.stranger)).rejects.toThrow(
      /the server does not accept these credentials/,
    )
  })
})
