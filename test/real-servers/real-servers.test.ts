import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { callerOrigin, consentThere, publicOrigin } from '../support/hosted-consent.ts'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { type Client, lineOf, type RealServer, realServers, startReal } from './real-servers.ts'
import { startWire, type Wire } from './wire.ts'

const registered: Client = { id: '7c9e6679-7425-40de-944b-e07fc1f90ae7', secret: 'a-secret_with.every-mark' }
const scopes = ['openid', 'offline_access']
const user = 'alice@example.com'

let tokenbus: LiveTokenbus
let apiToken: string
beforeAll(async () => {
  tokenbus = await startLiveTokenbus(undefined, {
    TOKENBUS_REDIRECT_ORIGINS: callerOrigin,
    TOKENBUS_PUBLIC_URL: publicOrigin,
  })
  apiToken = (await tokenbus.request('api-token.create', { name: 'real', scopes: ['admin'] })).token
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

describe.each(realServers)('$name', (known) => {
  const { name, settings, granted = scopes, reuse, lostAnswer, wrongSecret, death, revokes } = known
  let server: RealServer | undefined
  let wire: Wire
  beforeAll(async () => {
    server = await startReal(name, { client: registered, redirectUri: `${publicOrigin}/oauth`, scopes })
    if (server === undefined) return
    wire = await startWire(server.tokenUrl)
    const { id: clientId, secret: clientSecret } = server.client ?? registered
    const { authorizeUrl, revocationUrl } = server
    const put = { provider: 'oidc', clientId, clientSecret, scopes, authorizeUrl, tokenUrl: wire.tokenUrl }
    const app = await tokenbus.request(`app.put.${name}`, {
      ...put,
      ...(revocationUrl && { revocationUrl }),
      ...settings,
    })
    expect(app).toMatchObject({ app: name })
  })
  afterAll(async () => {
    await server?.close()
    await wire?.[Symbol.asyncDispose]()
  })

  const force = (account: string) => tokenbus.request(`token.get.${account}`, { forceRefresh: true })
  const installed = () => server !== undefined

  async function connect(what: string): Promise<string> {
    const account = `${name}-${what}`
    const cookie = server?.cookie
    const wish = { account, type: name, email: user }
    await consentThere({ tokenbus, apiToken, wish, ...(cookie && { cookie }) })
    return account
  }

  /** Time and refreshes, until it is told what became of the account: a newer token, or the reason why not. */
  async function whatBecomesOf(account: string, beside?: string): Promise<string> {
    const { generation } = await tokenbus.request(`token.get.${account}`, {})
    for (let times = 0; times < 8; times++) {
      await tokenbus.timePasses({ account }, { minutes: 5 })
      if (beside !== undefined) {
        await tokenbus.timePasses({ account: beside }, { minutes: 5 })
        await force(beside)
      }
      const answer = await force(account)
      if (answer.generation > generation) return 'refreshed'
      if (answer.state === 'revoked') break
    }
    return (await tokenbus.heard('token.invalid', account)).reason
  }

  it('connects with its defaults, and refreshes', async ({ skip }) => {
    if (!installed()) return skip(`${name} is not installed`)
    const account = await connect('first')
    const first = await tokenbus.request(`token.get.${account}`, {})
    const second = await force(account)
    expect(second).toMatchObject({ generation: first.generation + 1, registeredScopes: granted })
    expect(await force(account)).toMatchObject({ generation: first.generation + 2 })
  })

  it(`a refresh token that is used again ${reuse}`, async ({ skip }) => {
    if (!installed()) return skip(`${name} is not installed`)
    const account = await connect('reuse')
    await force(account)
    const spent = wire.refreshes.at(-1) as URLSearchParams
    const { status } = await wire.repeat(spent)
    expect(status < 300).toBe(reuse === 'is accepted')
    const became = await whatBecomesOf(account)
    expect(became).toBe(reuse === 'ends the grant' ? 'grant_revoked' : 'refreshed')
  })

  it(`a lost response ${lostAnswer}`, async ({ skip }) => {
    if (!installed()) return skip(`${name} is not installed`)
    const account = await connect('lost')
    await force(account)
    wire.loseAnswer()
    await force(account)
    const became = await whatBecomesOf(account)
    expect(became).toBe(lostAnswer === 'is retried' ? 'refreshed' : lostAnswer.slice('ends in '.length))
  })

  it(`an account that is deleted ${revokes ? 'is revoked there' : 'stays there: it revokes nothing'}`, async ({
    skip,
  }) => {
    if (!installed()) return skip(`${name} is not installed`)
    const account = await connect('deleted')
    await force(account)
    const deleted = await tokenbus.request(`account.delete.${account}`, { revokeAtProvider: true })
    expect(deleted).toMatchObject({ deleted: true, revokedAtProvider: revokes })
  })

  it(`a grant that is revoked there is reported: ${death}`, async ({ skip }) => {
    if (!installed()) return skip(`${name} is not installed`)
    const account = await connect('revoked')
    await force(account)
    // The servers take back all they granted: those before are not to be refused beside it.
    for (const what of ['first', 'reuse', 'lost'])
      await tokenbus.request(`account.delete.${name}-${what}`, {})
    await server?.revoke()
    const another = await connect('another')
    expect(await whatBecomesOf(account, another)).toBe(death)
  })

  it(`a wrong secret: ${wrongSecret}; a new secret restores every account`, async ({ skip }) => {
    if (!installed()) return skip(`${name} is not installed`)
    if (wrongSecret === 'is accepted') return skip('it does not ask who the client is')
    const told = wrongSecret === 'app becomes secret-expired' ? 'app.secret-expired' : 'app.refused'
    const account = await connect('secret')
    await force(account)
    const secret = (await server?.newSecret?.()) ?? 'another-secret_of.theirs'
    await server?.setSecret?.(secret)
    await eventually(async () => {
      await force(account)
      await tokenbus.timePasses({ account }, { minutes: 3 })
      await tokenbus.timePasses({ app: name }, { minutes: 3 })
      if (tokenbus.count(told, name) === 0) throw new Error(`${told} is not heard`)
    })
    expect(tokenbus.count('token.invalid', account)).toBe(0)
    const { secrets } = await tokenbus.request(`app.secret.add.${name}`, { secret })
    // Where no word accuses the client the first secret stays in use: whoever adds one removes the other.
    if (told === 'app.refused') await tokenbus.request(`app.secret.remove.${name}`, { id: secrets[0].id })
    const { generation } = await tokenbus.request(`token.get.${account}`, {})
    await eventually(async () => {
      const answer = await force(account)
      if (!(answer.generation > generation)) throw new Error('it is not refreshed')
    })
  })
})

it.each(realServers)('docs/providers.md describes what was observed of $name', async (known) => {
  const page = await readFile(new URL('../../docs/providers.md', import.meta.url), 'utf8')
  expect(page).toContain(lineOf(known))
})
