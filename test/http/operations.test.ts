import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { eventually } from '../support/eventually.ts'
import { type HttpCluster, startHttpCluster } from './http-cluster.ts'

let http: HttpCluster
beforeAll(async () => {
  http = await startHttpCluster({ TOKENBUS_ENABLE_TOKEN_API: 'true' })
  // Lazy, so that nothing refreshes while a test counts.
  await http.connectAccount('fresh', { policy: 'lazy' })
  await http.connectAccount('stale', { fresh: false, policy: 'lazy' })
})
afterAll(() => http[Symbol.asyncDispose]())

/** Every sample, by name and labels. */
async function metrics(): Promise<Record<string, number>> {
  const { body } = await http.ask('GET', '/metrics', { token: null })
  const lines = (body as string).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

const sum = (samples: Record<string, number>, name: string) =>
  Object.entries(samples).reduce((total, [key, value]) => (key.startsWith(name) ? total + value : total), 0)

describe('/metrics', () => {
  it('counts accounts by state', async () => {
    await eventually(async () => expect(sum(await metrics(), 'tokenbus_accounts{')).toBe(2))
    expect(await metrics()).toMatchObject({ 'tokenbus_accounts{state="revoked"}': 0 })
  })

  it('counts served tokens by source, with their remaining lifetime', async () => {
    const path = '/v1/account/fresh/oauth-token'
    const count = (from: string) => `tokenbus_served_life_left_seconds_count{from="${from}"}`
    await eventually(async () => expect((await http.ask('GET', path)).body.cached).toBe(true))
    const before = await metrics()
    for (let i = 0; i < 5; i++) await http.ask('GET', path)
    const after = await metrics()
    const grown = (name: string) => (after[name] as number) - (before[name] as number)
    expect(grown(count('memory')) + grown(count('storage')) + grown(count('refresh'))).toBe(5)
    const life = 'tokenbus_served_life_left_seconds'
    for (const from of ['memory', 'storage', 'refresh']) {
      const bucket = (le: string | number) => after[`${life}_bucket{from="${from}",le="${le}"}`] as number
      expect(bucket('+Inf')).toBe(after[`${life}_count{from="${from}"}`])
      // A sandbox token lives 60 s.
      expect([bucket(0), bucket(60)]).toEqual([0, bucket('+Inf')])
    }
  })

  it('counts one refresh and nineteen saved ones for twenty concurrent callers', async () => {
    const succeeded = 'tokenbus_refresh_seconds_count{provider="oidc",outcome="succeeded"'
    // `stale` came without an access token and fetches its first one by itself; it is counted after it is stored.
    await eventually(async () => expect(sum(await metrics(), succeeded)).toBe(1))
    const { generation: ifGeneration } = await http.connectAccount('shared', { policy: 'lazy' })
    const before = await metrics()
    http.sandbox.control.slow(2_000)
    const wish = { forceRefresh: true, ifGeneration }
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => http.request('token.get.shared', wish)),
    )
    http.sandbox.control.heal()
    expect(new Set(replies.map(({ generation }) => generation))).toEqual(new Set([ifGeneration + 1]))
    const grown = async (name: string) => sum(await metrics(), name) - sum(before, name)
    await eventually(async () => expect(await grown(succeeded)).toBe(1))
    expect(await grown('tokenbus_coalesced_total')).toBe(19)
  })

  it('counts a lost response', async () => {
    await http.connectAccount('lost')
    http.sandbox.control.loseAnswer()
    await http.request('token.get.lost', { forceRefresh: true })
    await eventually(async () =>
      expect((await metrics()).tokenbus_attempts_in_doubt_total).toBeGreaterThan(0),
    )
  })

  it('counts failed requests over NATS and HTTP by error and kind', async () => {
    const count = (labels: string) => `tokenbus_requests_failed_total{${labels}}`
    const expected = {
      [count('error="account_not_found",verbs="token",over="nats"')]: 1,
      [count('error="account_not_found",verbs="token",over="http"')]: 1,
      [count('error="bad_request",verbs="account",over="nats"')]: 1,
      [count('error="app_not_found",verbs="app",over="http"')]: 1,
      [count('error="unauthorized",verbs="account",over="http"')]: 1,
      [count('error="not_found",verbs="other",over="http"')]: 1,
      [count('error="bad_request",verbs="other",over="nats"')]: 1,
      [count('error="internal_error",verbs="token",over="nats"')]: 0,
    }
    const before = await metrics()
    await http.request('token.get.nobody')
    await http.ask('GET', '/v1/account/nobody/oauth-token')
    await http.request('account.put.nobody', {})
    await http.ask('GET', '/v1/oauth2/no-app')
    await http.ask('GET', '/v1/account/fresh', { token: null })
    await http.ask('GET', '/nowhere')
    await http.request('keys.rotate', { key: 1 })
    const after = await metrics()
    const grown = Object.keys(expected).map((name) => [
      name,
      (after[name] ?? 0) - (before[name] ?? Number.NaN),
    ])
    expect(Object.fromEntries(grown)).toEqual(expected)
  })

  it('counts refreshes by app, and accounts that become invalid', async () => {
    await http.connectAccount('left')
    http.sandbox.control.revoke('left')
    await http.request('token.get.left', { forceRefresh: true })
    await eventually(async () =>
      expect(await metrics()).toMatchObject({
        'tokenbus_app_accounts_invalid_total{app="sandbox",class="A"}': 1,
        'tokenbus_app_refreshes_total{app="sandbox",outcome="R"}': 1,
      }),
    )
  })

  it('has every metric of the dashboard and the alerts', async () => {
    const dashboard = await readFile(new URL('../../ops/grafana-dashboard.json', import.meta.url), 'utf8')
    const alerts = await readFile(new URL('../../ops/alerts.yml', import.meta.url), 'utf8')
    const { body } = await http.ask('GET', '/metrics', { token: null })
    const known = new Set((body as string).match(/^\w+/gm))
    const named = (text: string) => [...new Set(text.match(/\b(?:tokenbus|nodejs|process)_[a-z_0-9]+/g))]
    for (const text of [dashboard, alerts]) {
      expect(named(text).length).toBeGreaterThan(3)
      expect(named(text).filter((name) => !known.has(name))).toEqual([])
    }
    const panels = JSON.parse(dashboard).panels as { targets: { expr: string }[] }[]
    const rules = parse(alerts).groups[0].rules as { expr: string; annotations: { summary: string } }[]
    for (const { expr } of [...panels.flatMap(({ targets }) => targets), ...rules]) {
      // `up` is Prometheus' own.
      expect(expr).toMatch(/\b(?:(?:tokenbus|nodejs|process)_[a-z]|up\{job)/)
    }
    const ours = [...known].filter((name) => name.startsWith('tokenbus_'))
    const shown = named(dashboard)
    const base = (name: string) => name.replace(/_(bucket|sum|count)$/, '')
    const unseen = ours.filter((name) => !shown.some((each) => base(each) === base(name)))
    expect(unseen).toEqual([])
  })
})

describe('/readyz', () => {
  it('reports the outbox lag, and what is missing', async () => {
    await eventually(async () =>
      expect((await http.ask('GET', '/readyz', { token: null })).body).toMatchObject({
        status: 'ok',
        missing: [],
        outboxLag: expect.any(Number),
      }),
    )
    await http.redisServer.pause()
    try {
      await eventually(async () =>
        expect(await http.ask('GET', '/readyz', { token: null })).toMatchObject({
          status: 503,
          body: { status: 'unready', missing: ['redis'], outboxLag: null },
        }),
      )
      // Known metrics are still returned.
      expect((await http.ask('GET', '/metrics', { token: null })).status).toBe(200)
      expect((await http.ask('GET', '/v1/account/never-seen')).status).toBe(503)
      expect((await http.ask('GET', '/livez', { token: null })).status).toBe(200)
    } finally {
      http.redisServer.resume()
    }
    await eventually(async () => expect((await http.ask('GET', '/readyz', { token: null })).status).toBe(200))
  })
})

describe('the documentation', () => {
  it('is generated from the request schemas', async () => {
    const { body } = await http.ask('GET', '/openapi.json', { token: null })
    const { get } = body.paths['/v1/account/{account}/oauth-token']
    expect(get.parameters.map(({ name }: { name: string }) => name)).toEqual([
      'account',
      'minValidity',
      'scopes',
    ])
    expect(Object.keys(get.responses[200].content['application/json'].schema.properties)).toContain(
      'accessToken',
    )
    const { post } = body.paths['/v1/account']
    const { schema } = post.requestBody.content['application/json']
    expect(schema.properties.oauth2.properties.auth.properties.user.maxLength).toBe(320)
    expect(JSON.stringify(body)).not.toContain('"transform"')
  })

  it('is a page without external resources', async () => {
    const page = await http.ask('GET', '/docs', { token: null })
    expect(page.status).toBe(200)
    expect(page.body).toContain('GET /v1/account/{account}/oauth-token')
    expect(page.body.match(/(?:src|href)="(?:[a-z]+:|\/\/)/g)).toBeNull()
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})
