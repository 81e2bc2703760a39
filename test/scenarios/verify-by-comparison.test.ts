import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import type { Reply } from '../support/nodes.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

interface Told {
  readonly status: number
  readonly body?: unknown
}

/** A token endpoint with these responses to an unknown token: to its own client, and to any other. */
async function startEndpoint(deadToken: Told, wrongClient: Told) {
  let asked = 0
  const server = createServer(async (request, response) => {
    asked += 1
    let text = ''
    for await (const chunk of request) text += chunk
    const form = new URLSearchParams(text)
    const basic = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64').toString()
    const isOurs = basic === 'client:right' || basic === 'client:second' || form.get('client_id') === 'public'
    const { status, body } = isOurs ? deadToken : wrongClient
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body === undefined ? '' : JSON.stringify(body))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const word = (status: number, error: string): Told => ({ status, body: { error } })

// The responses are taken from the table of vendors, and from the servers themselves.
const tellsApart: [string, Told, Told][] = [
  ['RFC 6749', word(400, 'invalid_grant'), word(401, 'invalid_client')],
  ['Atlassian', word(403, 'unauthorized_client'), word(401, 'access_denied')],
  ['X', word(400, 'invalid_request'), word(401, 'unauthorized_client')],
  ['LemonLDAP', word(400, 'invalid_request'), word(401, 'invalid_client')],
  ['Laravel Passport', word(401, 'invalid_request'), word(401, 'invalid_client')],
  ['Slack', word(200, 'invalid_refresh_token'), word(200, 'bad_client_secret')],
  ['GitHub', word(200, 'bad_refresh_token'), word(200, 'incorrect_client_credentials')],
  ['Naver', word(200, 'invalid_request'), word(200, 'invalid_client')],
  [
    'Glewlwyd, for an unknown client',
    { status: 400 },
    { status: 403, body: { error: 'unauthorized_client' } },
  ],
]
const blind: [string, Told, Told][] = [
  ['Doorkeeper', word(400, 'invalid_grant'), word(400, 'invalid_grant')],
  ['better-auth', word(401, 'invalid_grant'), word(401, 'invalid_grant')],
  ['Glewlwyd', { status: 400 }, { status: 400 }],
  [
    'a provider that always answers unauthorized_client',
    word(400, 'unauthorized_client'),
    word(400, 'unauthorized_client'),
  ],
]

let apps = 0
async function verify(tokenUrl: string, settings: object = {}) {
  const app = `compared-${++apps}`
  const put = {
    provider: 'oidc',
    clientId: 'client',
    tokenUrl,
    scopes: ['a'],
    clientSecret: 'right',
    ...settings,
  }
  expect(await tokenbus.request(`app.put.${app}`, put)).toMatchObject({ app })
  const before = await tokenbus.request(`app.get.${app}`)
  const found = await tokenbus.request(`app.verify.${app}`)
  expect(await tokenbus.request(`app.get.${app}`)).toEqual(before)
  return found.steps.filter(({ step }: Reply) => step === 'credentials')
}

describe('verifying the credentials of an app', () => {
  it.each(tellsApart)('%s: the right secret is accepted, with one control', async (_, dead, wrong) => {
    await using endpoint = await startEndpoint(dead, wrong)
    expect(await verify(endpoint.url)).toMatchObject([
      { ok: true, message: expect.stringContaining('accepted') },
    ])
    expect(endpoint.asked()).toBe(2)
  })

  it.each(tellsApart)('%s: a wrong secret is never accepted', async (_, dead, wrong) => {
    await using endpoint = await startEndpoint(dead, wrong)
    const [{ ok }] = await verify(endpoint.url, { clientSecret: 'wrong' })
    expect(ok).not.toBe(true)
  })

  it.each(tellsApart)('%s: a wrong secret among right ones is reported', async (_, dead, wrong) => {
    await using endpoint = await startEndpoint(dead, wrong)
    const secrets = [
      { id: 'one', secret: 'right' },
      { id: 'two', secret: 'wrong' },
      { id: 'three', secret: 'second' },
    ]
    const found = await verify(endpoint.url, { clientSecret: undefined, secrets })
    expect(found.map(({ ok }: Reply) => ok)).toEqual([true, false, true])
  })

  it.each(blind)('%s: both are inconclusive, with the reason', async (_, dead, wrong) => {
    await using endpoint = await startEndpoint(dead, wrong)
    for (const clientSecret of ['right', 'wrong']) {
      expect(await verify(endpoint.url, { clientSecret })).toMatchObject([
        {
          ok: null,
          message: expect.stringContaining('a dummy client gets the same response'),
          action: expect.any(String),
        },
      ])
    }
  })

  it('of a public client compares the client id', async () => {
    const settings = { clientAuth: 'none', clientSecret: undefined, clientId: 'public' }
    await using apart = await startEndpoint(word(400, 'invalid_grant'), word(401, 'invalid_client'))
    expect(await verify(apart.url, settings)).toMatchObject([{ ok: true }])
    await using alike = await startEndpoint(word(400, 'invalid_grant'), word(400, 'invalid_grant'))
    expect(await verify(alike.url, settings)).toMatchObject([{ ok: null }])
  })
})
