import { consentThere } from '../support/hosted-consent.ts'
import type { LiveTokenbus } from '../support/live-tokenbus.ts'
import type { Reply } from '../support/nodes.ts'
import { appOf } from './app-of.ts'
import { type Demands, tenant } from './demands.ts'
import type { Served } from './strict-server.ts'

export interface Stage {
  readonly tokenbus: LiveTokenbus
  /** Of the scope `admin`. */
  readonly apiToken: string
  readonly served: Served
}

const chapters = ['the app is taken', 'connected', 'first token', 'forced refresh', 'death is told'] as const
export type Chapter = (typeof chapters)[number]

/** How far it went, and why no further. */
export interface Outcome {
  readonly name: string
  readonly failed?: { readonly chapter: Chapter; readonly why: string }
}

/** From the app to the death of its account's grant, as an operator, a person and a service live through it. */
export async function live(stage: Stage): Promise<Outcome> {
  const { name, provider } = stage.served
  for (const chapter of chapters) {
    const why = await tell[chapter](stage).catch((error: Error) => error.message)
    if (why !== undefined) return { name, failed: { chapter, why: [why, ...provider.complaints].join('; ') } }
  }
  return { name }
}

type Teller = (stage: Stage) => Promise<string | undefined>

const tell: Readonly<Record<Chapter, Teller>> = {
  async 'the app is taken'({ tokenbus, served }) {
    return failureOf(await tokenbus.request(`app.put.${served.name}`, appOf(served.demands, served)))
  },
  async connected(stage) {
    const { grant, agreed } = stage.served.demands
    if (grant === 'authorization_code' || agreed) return consent(stage)
    const { tokenbus, served } = stage
    const put = { app: served.name, user: 'robot', ...params(served.demands) }
    return failureOf(await tokenbus.request(`account.put.${served.name}`, put))
  },
  async 'first token'({ tokenbus, served: { name, demands, provider } }) {
    const got = await tokenbus.request(`token.get.${name}`, {})
    if (got.error !== undefined) return failureOf(got)
    if (!provider.issued.has(got.accessToken)) return 'the token is none that was issued'
    if (demands.tells && got.extra?.['region.name'] !== 'north' && got.extra?.region?.name !== 'north')
      return `extra is ${JSON.stringify(got.extra)}`
    return wrongLife(got.expires, demands)
  },
  async 'forced refresh'({ tokenbus, served: { name, demands, provider } }) {
    const before = await tokenbus.request(`token.get.${name}`, {})
    const after = await tokenbus.request(`token.get.${name}`, { forceRefresh: true })
    if (after.error !== undefined) return failureOf(after)
    if (!provider.issued.has(after.accessToken)) return 'the token is none that was issued'
    const isNew = after.accessToken !== before.accessToken
    return isNew === (demands.refreshes !== 'never' || demands.grant === 'client_credentials')
      ? undefined
      : `the token is ${isNew ? 'another' : 'the same'}`
  },
  async 'death is told'(stage) {
    const { served } = stage
    served.provider.die()
    if (served.demands.grant === 'client_credentials') return appFalls(stage)
    if (served.demands.refreshes === 'never') return rejectedTwice(stage)
    return grantDies(stage)
  },
}

const params = ({ perTenant, agreed }: Demands) => (perTenant && !agreed ? { params: { tenant } } : {})

async function consent(
  { tokenbus, apiToken, served }: Stage,
  account: string = served.name,
): Promise<undefined> {
  const wish = { account, type: served.name, ...params(served.demands) }
  await consentThere({ tokenbus, apiToken, wish })
}

function wrongLife(expires: string | null, demands: Demands): string | undefined {
  const none =
    demands.refreshes === 'never' && demands.life === 'unsaid' && demands.grant !== 'client_credentials'
  if (none) return expires === null ? undefined : `expires is ${expires}`
  const seconds = (Date.parse(String(expires)) - Date.now()) / 1_000
  return seconds > 3_000 && seconds <= 5_400 ? undefined : `the token lives ${seconds} s`
}

/** Most providers have an error code for it. For others it takes time, and another account that still works. */
async function grantDies(stage: Stage): Promise<undefined> {
  const { tokenbus, served } = stage
  const { name } = served
  const force = (account: string) => tokenbus.request(`token.get.${account}`, { forceRefresh: true })
  const another = `${name}-another`
  let { state } = await force(name)
  if (state !== 'revoked') await consent(stage, another)
  for (let times = 0; times < 6 && state !== 'revoked'; times++) {
    await tokenbus.timePasses({ account: name }, { minutes: 5 })
    await tokenbus.timePasses({ account: another }, { minutes: 5 })
    await force(another)
    state = (await force(name)).state
  }
  await tokenbus.heard('token.invalid', name)
}

async function rejectedTwice({ tokenbus, served: { name } }: Stage): Promise<string | undefined> {
  const { generation } = await tokenbus.request(`token.get.${name}`, {})
  await tokenbus.request(`token.reject.${name}`, { generation })
  await tokenbus.timePasses({ account: name }, { minutes: 2 })
  await tokenbus.request(`token.reject.${name}`, { generation })
  await tokenbus.heard('token.invalid', name)
  return undefined
}

/** There is no grant that could die: the provider knows the client no more. */
async function appFalls({ tokenbus, served: { name } }: Stage): Promise<string | undefined> {
  for (let times = 0; times < 5; times++) {
    await tokenbus.request(`token.get.${name}`, { forceRefresh: true })
    await tokenbus.timePasses({ account: name }, { minutes: 30 })
    await tokenbus.timePasses({ app: name }, { minutes: 30 })
  }
  await tokenbus.request(`token.get.${name}`, {})
  await tokenbus.heard('token.invalid', name)
  return undefined
}

function failureOf({ error, message }: Reply): string | undefined {
  return error === undefined ? undefined : `${error}: ${message}`
}
