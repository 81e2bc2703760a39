import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

describe('HEAD', () => {
  let cluster: HttpCluster

  beforeAll(async () => {
    cluster = await startHttpCluster()
    await cluster.connectAccount('alice')
  })
  afterAll(() => cluster[Symbol.asyncDispose]())

  it.each([
    '/',
    '/assets/page.css',
    '/docs',
    '/openapi.json',
    '/livez',
    '/metrics',
    '/v1/accounts',
    '/v1/nothing',
  ])('of %s has the headers of GET, and no body', async (path) => {
    const get = await cluster.ask('GET', path)
    const head = await cluster.ask('HEAD', path)
    expect(head.status).toBe(get.status)
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    expect(head.body ?? '').toBe('')
  })

  it('requires the same permissions as GET', async () => {
    expect((await cluster.ask('HEAD', '/v1/account/alice', { token: null })).status).toBe(401)
  })

  it('of the events ends at once', async () => {
    const { status, headers } = await cluster.ask('HEAD', '/v1/events')
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  })

  it('of a consent link starts no consent', async () => {
    const wish = { account: 'carol', redirectUrl: `${cluster.url}/`, type: 'sandbox' }
    const { body } = await cluster.ask('POST', '/v1/authentication/form', { body: wish })
    expect((await fetch(body.url, { method: 'HEAD', redirect: 'manual' })).status).toBe(200)
    expect((await fetch(body.url, { redirect: 'manual' })).status).toBe(302)
  })
})
