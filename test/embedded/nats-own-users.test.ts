import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../src/bus/listen.ts'
import { ok } from '../../src/contract/failures.ts'
import { plainTokenbus } from '../bus/plain-tokenbus.ts'
import { outcome } from '../bus/start-bus.ts'
import { type NatsServer, startNats } from '../support/nats.ts'
import { connectAs, env, variants } from '../support/shipped-nats.ts'

const token = { account: 'alice', accessToken: 'a token' }
const notAlice = `{ user: "not-alice", password: "p", permissions: {
  publish: { allow: ["token.get.*"], deny: ["token.get.alice"] }, subscribe: ["_INBOX_not-alice.>"] } }`

/** What a configuration shows in a comment, for the operator to take over. */
function sample(conf: string, name: string): string {
  const commented = new RegExp(`^ *# {3}${name}.*\\n(?: *# {3}.*\\n)*? *# {3}\\}$`, 'm').exec(conf)?.[0]
  if (commented === undefined) throw new Error(`no sample ${name}`)
  return commented.replaceAll(/^ *# {3}/gm, '')
}

/** An operator's own file as described in each configuration: its sample, and a user with a denied subject. */
const own = {
  'nats.conf': (conf: string) =>
    conf
      .replace('$NATS_CONSUMER_PASSWORD, permissions: $CONSUMER_ROLE }', `$&\n${notAlice}`)
      .replace(/^accounts \{$/m, `$&\n${sample(conf, 'ALICE_APP')}`),
  'single-account.conf': (conf: string, path: string) => `
    include ${JSON.stringify(path)}
    ${sample(conf, 'ALICE_ONLY')}
    authorization {
      users: [
        { user: "service", password: $NATS_SERVICE_PASSWORD, permissions: $SERVICE_ROLE }
        { user: "alice-app", password: "p", permissions: $ALICE_ONLY }
        ${notAlice}
      ]
    }`,
}

describe.each(variants)('$name', ({ name, config }) => {
  let server: NatsServer
  let storeDir: string
  const open: NatsConnection[] = []

  async function as(user: string): Promise<NatsConnection> {
    const nats = await connectAs(user, server)
    open.push(nats)
    return nats
  }

  beforeAll(async () => {
    storeDir = await mkdtemp(join(tmpdir(), 'tokenbus-nats-'))
    server = await startNats({
      storeDir,
      configText: own[name](await readFile(config, 'utf8'), relative(storeDir, config)),
      env: { ...env, NATS_ALICE_APP_PASSWORD: 'p' },
    })
    const tokenbus = plainTokenbus({ getToken: async () => ok(token as never) })
    await listen({ nats: await as('service'), tokenbus, version: '1.2.3' })
  })
  afterAll(async () => {
    await Promise.all(open.map((nats) => nats.close()))
    await server.stop()
    await rm(storeDir, { recursive: true, force: true })
  })

  it('the sample user gets the tokens of its account only', async () => {
    const app = await as('alice-app')
    expect((await app.request('token.get.alice')).json()).toEqual(token)
    for (const subject of ['token.get.bob', 'token.get.%61lice', 'token.reject.bob', 'account.get.alice'])
      await expect(app.request(subject)).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
  })

  it('the sample user can read only its own inbox', async () => {
    const app = await as('alice-app')
    for (const subject of ['_INBOX_service.>', '_INBOX_not-alice.>', '_INBOX.>', '>']) {
      const refusal = new Promise((resolve) => app.subscribe(subject, { callback: resolve }))
      expect(await refusal).toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
    }
  })

  it('a denied account in another encoding passes NATS, and is rejected by the service', async () => {
    const nats = await as('not-alice')
    await expect(nats.request('token.get.alice')).rejects.toMatchObject({ code: 'PERMISSIONS_VIOLATION' })
    expect((await nats.request('token.get.bob')).json()).toEqual(token)
    expect(outcome(await nats.request('token.get.%61lice'))).toMatchObject({
      code: '400',
      word: 'bad_request',
    })
  })
})
