import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import { type Scene, setScene } from './scene.ts'
import { type AnyStandIn, type StageName, stages } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

type AnyScene = Scene<AnyStandIn & { asked?: readonly URLSearchParams[] }>
const play = (stage: StageName): Promise<AnyScene> => setScene({ tokenbus, stage: stages[stage] as never })

/** What was sent to be spent, or as proof, in order. */
const sent = ({ standIn }: AnyScene, field: 'refresh_token' | 'assertion' | 'grant_type') =>
  standIn.asked?.map((form) => form.get(field)).filter((each) => each !== null) ?? []

interface Cells {
  readonly preset: StageName
  readonly provider: string
  readonly scopes: readonly string[]
  /** Whether the refresh token rotates; null if there is none. */
  readonly rotates: boolean | null
  /** Does the provider take a revocation (RFC 7009)? */
  readonly revokes: boolean
}

const gmailScopes = ['https://mail.google.com/']
const outlookScopes = [
  'https://outlook.office.com/IMAP.AccessAsUser.All',
  'https://outlook.office.com/SMTP.Send',
  ...['openid', 'email', 'profile'],
]
const graphScopes = ['https://graph.microsoft.com/.default']

const presets: readonly Cells[] = [
  { preset: 'gmail', provider: 'gmail', scopes: gmailScopes, rotates: false, revokes: true },
  { preset: 'gmailService', provider: 'gmailService', scopes: gmailScopes, rotates: null, revokes: false },
  { preset: 'outlook', provider: 'outlook', scopes: outlookScopes, rotates: true, revokes: false },
  { preset: 'outlookWithKey', provider: 'outlook', scopes: outlookScopes, rotates: true, revokes: false },
  {
    preset: 'outlookService',
    provider: 'outlookService',
    scopes: graphScopes,
    rotates: null,
    revokes: false,
  },
  {
    preset: 'mailRu',
    provider: 'mailRu',
    scopes: ['openid', 'mail.imap', 'offline_access'],
    rotates: false,
    revokes: false,
  },
  { preset: 'oidc', provider: 'oidc', scopes: ['openid', 'offline_access'], rotates: true, revokes: true },
]

describe.concurrent.each(presets)('$preset', ({ preset, provider, scopes, rotates, revokes }) => {
  it('connects', async () => {
    await using scene = await play(preset)
    expect(scene.connected).toMatchObject({ provider, missingScopes: [] })
    const consented = stages[preset].hasConsent
    expect(await scene.refreshed()).toMatchObject({ state: 'valid', provider, user: scene.user })
    expect(await tokenbus.request(`token.get.${scene.account}`)).toMatchObject({
      provider,
      user: scene.user,
      accessToken: expect.any(String),
      registeredScopes: scopes,
      generation: consented ? 1 : 2,
    })
  })

  it('refreshes', async () => {
    await using scene = await play(preset)
    const { generation } = await scene.refreshed()
    const before = await tokenbus.request(`token.get.${scene.account}`)
    const after = await scene.forceRefresh()
    expect(after).toMatchObject({ generation: generation + 1, registeredScopes: scopes })
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(await scene.refreshed({ after: 1 })).toMatchObject({ state: 'valid', previousState: 'valid' })
  })

  it(`${rotates === null ? 'has no refresh token' : rotates ? 'rotates its refresh token' : 'keeps its refresh token'}`, async () => {
    await using scene = await play(preset)
    await scene.refreshed()
    for (let each = 0; each < 3; each++) expect(await scene.forceRefresh()).toHaveProperty('accessToken')
    if (scene.standIn.asked === undefined) return
    const spent = sent(scene, 'refresh_token')
    expect([spent.length, new Set(spent).size]).toEqual(rotates === null ? [0, 0] : [3, rotates ? 3 : 1])
  })

  it(`${revokes ? 'revokes a deleted account at the provider' : 'deletes an account without revocation at the provider'}`, async () => {
    await using scene = await play(preset)
    await scene.refreshed()
    const deleted = await tokenbus.request(`account.delete.${scene.account}`, { revokeAtProvider: true })
    expect(deleted).toEqual({ account: scene.account, deleted: true, revokedAtProvider: revokes })
    const another = await scene.connectAnother()
    const heard = await tokenbus.heard(revokes ? 'token.invalid' : 'token.refreshed', another)
    if (revokes) expect(heard).toMatchObject({ reason: 'grant_revoked', class: 'A' })
  })
})
