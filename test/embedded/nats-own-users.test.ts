import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listen } from '../../src/bus/listen.ts'
import { ok } from '../../src/failures.ts'
import { plainTokenbus } from '../bus/plain-tokenbus.ts'
import { outcome } from '../bus/start-bus.ts'
import { type NatsServer, startNats } from '../support/nats.ts'

const shipped = fileURLToPath(new URL('../../nats.conf', import.meta.url))
const token = { account: 'alice', accessToken: 'a token' }

let server: NatsServer
let storeDir: string
const open: NatsConnection[] = []

async function as(user: string): Promise<NatsConnection> {
  const nats = await connect({ port: server.port, user, pass: 'p', inboxPrefix: `_INBOX_${user}` })
  open.push(nats)
  return nats
}

/** A file of the operator's own, as nats.conf tells to write it: its sample role, and one that denies. */
async function ownConf(): Promise<string> {
  const conf = await readFile(shipped, 'utf8')
  const sample = /^# {3}ALICE_ONLY = \{\n(?:# {3}.*\n)*?# {3}\}$/m.exec(conf)?.[0].replaceAll(/^# {3}/gm, '')
  return `
    include ${JSON.stringify(relative(storeDir, shipped))}
    ${sample}
    NOT_ALICE = { publish: { allow: ["token.get.*"], deny: ["token.get.alice"] }, subscribe: ["_INBOX_not-alice.>"] }
    authorization {
      users: [
        { user: "service", password: $NATS_SERVICE_PASSWORD, permissions: $SERVICE_ROLE }
        { user: "alice-app", password: "p", permissions: $ALICE_ONLY }
        { user: "not-alice", password: "p", permissions: $NOT_ALICE }
      ]
    }`
}

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'tokenbus-nats-'))
  server = await startNats({
    storeDir,
    configText: await ownConf(),
    env: { NATS_SERVICE_PASSWORD: 'p', NATS_CONSUMER_PASSWORD: 'p', NATS_OPERATOR_PASSWORD: 'p' },
  })
  const tokenbus = plainTokenbus({ getToken: async () => ok(token as never) })
  await listen({ nats: await as('service'), tokenbus, version: '1.2.3' })
})
afterAll(async () => {
  await Promise.all(open.map((nats) => nats.close()))
  await server.stop()
  await rm(storeDir, { recursive: true, force: true })
})

it('the sample role gets the token of its account, and of no other', async () => {
  const app = await as('alice-app')
  expect((await app.request('token.get.alice')).json()).toEqual(token)
  for (const subject of ['token.get.bob', 'token.get.%61lice', 'token.reject.bob', 'account.get.alice'])
    await expect(app.request(subject)).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
})

it('the sample role reads no inbox but its own', async () => {
  const app = await as('alice-app')
  for (const subject of ['_INBOX_service.>', '_INBOX_not-alice.>', '_INBOX.>', '>']) {
    const refusal = new Promise((resolve) => app.subscribe(subject, { callback: resolve }))
    expect(await refusal).toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
  }
})

it('a denied account asked for in another spelling passes the bus, and is refused by the service', async () => {
  const nats = await as('not-alice')
  await expect(nats.request('token.get.alice')).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
  expect((await nats.request('token.get.bob')).json()).toEqual(token)
  expect(outcome(await nats.request('token.get.%61lice'))).toMatchObject({ code: '400', word: 'bad_request' })
})
