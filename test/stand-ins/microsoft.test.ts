import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type MicrosoftStandIn, startMicrosoft } from '../support/stand-ins/microsoft.ts'
import { ask, consent, refresh } from './ask.ts'

const imap = 'https://outlook.office.com/IMAP.AccessAsUser.All'
const scope = `offline_access ${imap} Mail.Read`
const connect = async (microsoft: MicrosoftStandIn) =>
  (await consent(microsoft, { scope }, { scope: imap })).body.refresh_token as string

describe('a refresh token of Microsoft', () => {
  it('is returned for offline_access only', async () => {
    await using microsoft = await startMicrosoft()
    expect((await consent(microsoft, { scope: imap })).body.refresh_token).toBeUndefined()
    expect(await connect(microsoft)).toEqual(expect.any(String))
  })

  it('is replaced at each use, and stays valid', async () => {
    await using microsoft = await startMicrosoft()
    const first = await connect(microsoft)
    const second = (await refresh(microsoft, first)).body.refresh_token
    expect(second).not.toBe(first)
    for (const token of [first, second])
      expect(await refresh(microsoft, token)).toMatchObject({ status: 200 })
  })

  it('gets a token for any one resource that was consented to', async () => {
    await using microsoft = await startMicrosoft()
    const token = await connect(microsoft)
    expect(await refresh(microsoft, token)).toMatchObject({ body: { scope: imap } })
    expect(await refresh(microsoft, token, { scope: 'Mail.Read' })).toMatchObject({
      body: { scope: 'Mail.Read' },
    })
    expect(await refresh(microsoft, token, { scope })).toMatchObject({
      status: 400,
      body: { error_codes: [28000] },
    })
    expect(await refresh(microsoft, token, { scope: 'Files.Read' })).toMatchObject({
      body: { error_codes: [65001] },
    })
  })

  it('expires after 90 days without use, or a year', async () => {
    await using microsoft = await startMicrosoft()
    const resting = await connect(microsoft)
    microsoft.clock.advance({ days: 91 })
    expect(await refresh(microsoft, resting)).toMatchObject({ body: { error_codes: [700082] } })
    const used = await connect(microsoft)
    for (let quarter = 0; quarter < 4; quarter++) {
      microsoft.clock.advance({ days: 89 })
      expect(await refresh(microsoft, used)).toMatchObject({ status: 200 })
    }
    microsoft.clock.advance({ days: 10 })
    expect(await refresh(microsoft, used)).toMatchObject({ body: { error_codes: [700084] } })
  })
})

it('Microsoft describes an error in detail', async () => {
  await using microsoft = await startMicrosoft()
  const token = await connect(microsoft)
  microsoft.adminDemandsMfa('alice')
  const { status, body } = await refresh(microsoft, token)
  expect(status).toBe(400)
  expect(body).toEqual({
    error: 'invalid_grant',
    error_description: expect.stringMatching(
      /^AADSTS50076: .* Correlation ID: [-\w]{36} Timestamp: [-\d]+ [:\d]+Z$/,
    ),
    error_codes: [50076],
    timestamp: expect.any(String),
    trace_id: expect.any(String),
    correlation_id: expect.any(String),
    error_uri: expect.any(String),
    suberror: 'basic_action',
    claims: expect.any(String),
  })
  expect(JSON.parse(body.claims)).toHaveProperty('access_token')
})

it('Microsoft throttles with Retry-After', async () => {
  await using microsoft = await startMicrosoft()
  const token = await connect(microsoft)
  microsoft.throttle(1, 7)
  const throttled = await refresh(microsoft, token)
  expect([throttled.status, throttled.headers.get('retry-after')]).toEqual([429, '7'])
  expect(await refresh(microsoft, token)).toMatchObject({ status: 200 })
})

const graph = { grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' }

describe('an app of Microsoft', () => {
  it('has secrets with an expiry', async () => {
    await using microsoft = await startMicrosoft()
    const withSecret = (secret: string) =>
      ask(microsoft, { ...graph, client_id: microsoft.client.id, client_secret: secret })
    const added = microsoft.secretIsAdded()
    expect(await withSecret(added)).toMatchObject({ status: 200 })
    expect(await withSecret(microsoft.client.secret)).toMatchObject({ status: 200 })
    expect(await withSecret('made up')).toMatchObject({ status: 401, body: { error_codes: [7000215] } })
    microsoft.clock.advance({ days: 181 })
    expect(await withSecret(added)).toMatchObject({ status: 401, body: { error_codes: [7000222] } })
  })

  it.each([
    { tenant: 'common', grant: graph, code: 50194 },
    { tenant: 'nowhere.example', grant: graph, code: 90002 },
  ])('at the tenant $tenant gets $code', async ({ tenant, grant, code }) => {
    await using microsoft = await startMicrosoft()
    const tokenUrl = microsoft.tokenUrl.replace(microsoft.tenant, tenant)
    const { id, secret } = microsoft.client
    expect(await ask({ tokenUrl }, { ...grant, client_id: id, client_secret: secret })).toMatchObject({
      status: 400,
      body: { error_codes: [code] },
    })
  })

  const [right, other] = [0, 1].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
  it.each([
    { is: 'taken', key: right, claims: {}, status: 200 },
    { is: 'refused when another key signed it', key: other, claims: {}, status: 401 },
    {
      is: 'refused when it is meant for somebody else',
      key: right,
      claims: { aud: 'https://example.com' },
      status: 401,
    },
    { is: 'refused when it is out of date', key: right, claims: { exp: 1_000_000_000 }, status: 401 },
    { is: 'refused without an end', key: right, claims: { exp: undefined }, status: 401 },
  ])('may sign an assertion instead: $is', async ({ key, claims, status }) => {
    await using microsoft = await startMicrosoft(right && { publicKey: right.publicKey })
    const { id } = microsoft.client
    const usual = {
      iss: id,
      sub: id,
      aud: microsoft.tokenUrl,
      jti: randomUUID(),
      exp: Math.floor(Date.now() / 1_000) + 300,
    }
    const jwt = new SignJWT({ ...usual, ...(claims as object) }).setProtectedHeader({ alg: 'PS256' })
    const client_assertion = await jwt.sign(key?.privateKey as never)
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const answer = await ask(microsoft, { ...graph, client_id: id, client_assertion, client_assertion_type })
    expect(answer.status).toBe(status)
    if (status !== 200) expect(answer.body.error_codes).toEqual([700027])
  })
})
