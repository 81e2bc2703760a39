import pLimit from 'p-limit'
import { describe, expect, it } from 'vitest'
import { callerOrigin } from '../support/hosted-consent.ts'
import { startLiveTokenbus } from '../support/live-tokenbus.ts'
import { unmetNeed } from './demands.ts'
import { type ProviderNeeds, providerNeeds } from './provider-needs.ts'
import { live, type Outcome, type Stage } from './story.ts'
import { startStrictServer } from './strict-server.ts'
import { tableOf } from './table.ts'

const names = Object.keys(providerNeeds)
const atATime = 16
const needOf = (name: string) => unmetNeed(providerNeeds[name] as ProviderNeeds)

async function sweep(clientOf: (name: string) => { id: string; secret: string }): Promise<Outcome[]> {
  await using tokenbus = await startLiveTokenbus(undefined, {
    TOKENBUS_REDIRECT_ORIGINS: callerOrigin,
  })
  await using server = await startStrictServer(clientOf)
  const { token: apiToken } = await tokenbus.request('api-token.create', { name: 'sweep', scopes: ['admin'] })
  const limit = pLimit(atATime)
  return await Promise.all(server.all.map((served) => limit(() => outcomeOf({ tokenbus, apiToken, served }))))
}

async function outcomeOf(stage: Stage): Promise<Outcome> {
  const { name } = stage.served
  const why = needOf(name)
  return why === undefined ? live(stage) : { name, failed: { chapter: 'connected', why } }
}

describe.each([
  ['plain', (name: string) => ({ id: `client of ${name}`, secret: `secret of ${name}` })],
  ['with every mark', (name: string) => ({ id: `${name}-_.~:/é`, secret: `-_.~:/+%&= ${name} ключ` })],
])('all providers, client ids and secrets %s:', (_, clientOf) => {
  let outcomes: readonly Outcome[] = []

  it('work by settings only, 224 of 226', async () => {
    outcomes = await sweep(clientOf)
    process.stdout.write(`${tableOf(outcomes)}\n`)
    expect(outcomes).toHaveLength(names.length)
    expect(outcomes.filter(({ failed }) => failed === undefined).length).toBe(224)
  }, 300_000)

  it.each(names.filter((name) => needOf(name) === undefined))('%s', (name) => {
    expect(outcomes.find((outcome) => outcome.name === name)).toEqual({ name })
  })
})
