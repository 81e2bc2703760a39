import { describe, expect, it } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'

describe('three nodes', () => {
  it('answer 3,000 concurrent requests for one expired account with one request to the provider', async () => {
    await using cluster = await startCluster()
    const { sandbox, nats } = cluster
    await Promise.all([cluster.startNode(), cluster.startNode(), cluster.startNode()])
    const before = sandbox.control.status().tokenRequests
    sandbox.control.slow(1_500)
    await cluster.connectAccount('alice', { fresh: false })
    const connected = sandbox.control.status().tokenRequests - before

    const replies = await Promise.all(
      Array.from({ length: 3_000 }, () => nats.request('token.get.alice', undefined, { timeout: 10_000 })),
    )
    const tokens = new Set(replies.map((reply) => reply.json<{ accessToken?: string }>().accessToken))
    expect(tokens.size).toBe(1)
    expect([...tokens][0]).toEqual(expect.any(String))
    expect(sandbox.control.status().tokenRequests - before - connected).toBe(1)
    const stats = await nats.requestMany('$SRV.STATS.tokenbus', undefined, { maxMessages: 3, maxWait: 2_000 })
    const counts: number[] = []
    for await (const message of stats) {
      const { endpoints } = message.json<{ endpoints: { subject: string; num_requests: number }[] }>()
      counts.push(endpoints.find(({ subject }) => subject === 'token.get.*')?.num_requests ?? 0)
    }
    expect(counts).toHaveLength(3)
    for (const count of counts) expect(count).toBeGreaterThan(300)
  })
})

describe('a node killed while a request is in flight', () => {
  it('is replaced by another, which finishes the refresh', async () => {
    await using cluster = await startCluster()
    const { sandbox, request } = cluster
    const first = await cluster.startNode()
    await cluster.connectAccount('alice')
    // Longer than a busy machine takes to start the other node.
    sandbox.control.slow(20_000)
    void request('token.get.alice', { forceRefresh: true }).catch(() => undefined)
    await eventually(async () =>
      expect(await request('account.get.alice')).toMatchObject({ state: 'refreshing' }),
    )
    await eventually(() => expect(sandbox.control.status().thinking).toBe(1))
    await cluster.startNode()
    first.signal('SIGKILL')
    await first.ended
    sandbox.control.heal()

    await eventually(
      async () => expect(await request('account.get.alice')).toMatchObject({ state: 'valid' }),
      {
        every: 250,
      },
    )
    const { transitions } = await request('account.history.alice')
    expect(transitions.map(({ event, to }: never) => `${(event as { type: string }).type} ${to}`)).toEqual([
      'account.authorized valid',
      'token.requested refreshing',
      'timer.due expiring',
      'timer.due refreshing',
      'refresh.succeeded valid',
    ])
    expect(await request('token.get.alice')).toMatchObject({ accessToken: expect.any(String) })
  })
})
