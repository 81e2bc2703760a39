import { connect, deferred } from 'nats'
import { describe, expect, it } from 'vitest'
import { listen } from '../../src/bus/listen.ts'
import { requestRoutes } from '../../src/bus/request-routes.ts'
import { ok } from '../../src/contract/failures.ts'
import { eventually } from '../support/eventually.ts'
import { startNats } from '../support/nats.ts'
import { plainTokenbus } from './plain-tokenbus.ts'
import { startBus } from './start-bus.ts'

describe('the micro service', () => {
  it('answers ping, info and stats of the NATS client library', async () => {
    await using bus = await startBus(
      { getAccount: async () => ok({}) as never },
      { readCached: () => new Uint8Array(1) },
    )
    const services = bus.client.services.client()
    const found = []
    for await (const { name, version } of await services.ping()) found.push({ name, version })
    expect(found).toEqual([{ name: 'tokenbus', version: '1.2.3' }])

    const described = []
    for await (const { endpoints } of await services.info('tokenbus')) described.push(endpoints)
    expect(described).toEqual([
      requestRoutes.map(({ verb, subject }) => ({
        name: verb.replaceAll('.', '-'),
        subject,
        queue_group: 'tokenbus',
        metadata: {},
      })),
    ])

    await bus.ask('token.get.alice')
    await bus.ask('account.get.alice')
    await bus.ask('app.get.crm')
    for await (const { endpoints } of await services.stats('tokenbus')) {
      const counted = Object.fromEntries(endpoints?.map(({ name, ...stats }) => [name, stats]) ?? [])
      expect(counted['token-get']).toMatchObject({ num_requests: 1, num_errors: 0 })
      expect(counted['account-get']).toMatchObject({ num_requests: 1, num_errors: 0 })
      expect(counted['account-get']?.average_processing_time).toBeGreaterThan(0)
      expect(counted['app-get']).toMatchObject({
        num_requests: 1,
        num_errors: 1,
        last_error: 'account_not_found',
      })
    }
  })

  it.each(['PING', 'INFO', 'STATS'])('answers $SRV.%s for all, by name and by id', async (verb) => {
    await using bus = await startBus()
    const { id, type } = (await bus.ask(`$SRV.${verb}`)).json<{ id: string; type: string }>()
    expect(type).toBe(`io.nats.micro.v1.${verb.toLowerCase()}_response`)
    for (const subject of [`$SRV.${verb}.tokenbus`, `$SRV.${verb}.tokenbus.${id}`])
      expect((await bus.ask(subject)).json()).toMatchObject({ id, name: 'tokenbus' })
  })
})

describe('several nodes', () => {
  it('share the requests, each answered once', async () => {
    await using server = await startNats()
    const client = await connect({ servers: server.url })
    let answered = 0
    const tokenbus = plainTokenbus({
      async listApps() {
        answered++
        return ok({ apps: [] })
      },
    })
    const nodes = await Promise.all(
      [1, 2, 3].map(async () => {
        const nats = await connect({ servers: server.url })
        return listen({ nats, tokenbus, version: '1.2.3' })
      }),
    )
    await Promise.all(Array.from({ length: 30 }, () => client.request('app.list')))
    expect(answered).toBe(30)
    await Promise.all(nodes.map((node) => node.stop()))
    await client.close()
  })
})

describe('stop', () => {
  it('answers requests in flight, then no more', async () => {
    const entered = deferred<void>()
    const finish = deferred<void>()
    await using bus = await startBus({
      async listApps() {
        entered.resolve()
        await finish
        return ok({ apps: [] })
      },
    })
    const reply = bus.ask('app.list')
    await entered
    let stopped = false
    const stopping = bus.stopListening().then(() => {
      stopped = true
    })
    // What the server had on its way when we stopped is still answered.
    await eventually(() => expect(bus.ask('account.list')).rejects.toMatchObject({ code: '503' }))
    for (let turn = 0; turn < 10; turn++) await bus.client.rtt()
    expect(stopped).toBe(false)
    finish.resolve()
    expect((await reply).json()).toEqual({ apps: [] })
    await stopping
  })
})

describe('a user who may not subscribe', () => {
  it('is refused with one sentence that names the subjects', async () => {
    await using server = await startNats({
      configText: `authorization { users = [{
        user: tokenbus, password: secret, permissions: { subscribe: { deny: ["token.get.*", "app.list"] } }
      }] }`,
    })
    const nats = await connect({ servers: server.url, user: 'tokenbus', pass: 'secret' })
    await expect(listen({ nats, tokenbus: plainTokenbus(), version: '1.2.3' })).rejects.toThrow(
      'The NATS user lacks the permission to subscribe to token.get.*, app.list.',
    )
    await nats.close()
  })
})
