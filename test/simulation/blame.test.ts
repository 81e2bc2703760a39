import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { refused } from '../../src/provider/token-answer.ts'
import { refusals } from './refusals.ts'
import { setStage } from './stage.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const names = Array.from({ length: 10 }, (_, i) => `account-${i}`)

/** Atlassian's error for an ended grant. */
const deadGrant = {
  ...refusals.invalidClient,
  reason: 'client_not_authorized' as const,
  providerError: { status: 403, error: 'unauthorized_client' },
}

type Stage = Awaited<ReturnType<typeof setStage>>

/** Reads each account every 5 s on alternating nodes; returns the number of refused reads per account. */
async function readAll(stage: Stage, accounts: readonly string[], lasts: number) {
  const refusedReads = new Map<string, number>()
  const until = stage.world.now() + lasts
  for (let turn = 0; stage.world.now() < until; turn++) {
    await stage.pass(5 * second)
    for (const account of accounts) {
      const reply = await stage.get(turn % 2, account)
      if (!('accessToken' in reply)) refusedReads.set(account, (refusedReads.get(account) ?? 0) + 1)
    }
  }
  return refusedReads
}

describe.each([30, 600])(
  'ten accounts with tokens of %i s, one of which ends with a provider-specific error code',
  (life) => {
    it.each(['conclusive', 'blind'] as const)('do not affect the other nine, control %s', async (control) => {
      const stage = await setStage({ life: life * second })
      const { provider, published } = stage
      provider.controls.blind = control === 'blind'
      const grants = new Map<string, string>()
      for (const name of names)
        grants.set(name, (await stage.connect(name, { rotation: 'none', fresh: true })).id)
      await readAll(stage, names, 2 * life * second)
      const dead = names[3] as string
      provider.strange.set(grants.get(dead) as string, refused(deadGrant))
      const reads = await readAll(stage, names, 20 * minute)
      expect([...reads.keys()].filter((name) => name !== dead)).toEqual([])
      expect(reads.get(dead)).toBeGreaterThan(0)
      const told = published
        .filter(({ type }) => type === 'token.invalid')
        .map(({ body }) => JSON.parse(body))
      expect(told).toMatchObject([
        {
          account: dead,
          state: 'revoked',
          class: 'S',
          reason: 'refused_for_this_grant',
          providerError: { status: 403, error: 'unauthorized_client' },
        },
      ])
      expect(published.filter(({ type }) => type.startsWith('app.'))).toEqual([])
    })
  },
)

/** Accounts of one app, each refreshed before unless it is new. */
async function connectAll(stage: Stage, accounts: readonly string[]): Promise<Map<string, string>> {
  const grants = new Map<string, string>()
  for (const name of accounts)
    grants.set(name, (await stage.connect(name, { rotation: 'none', fresh: true })).id)
  return grants
}

describe.each(['conclusive', 'blind'] as const)('with a control that is %s', (control) => {
  const life = 60 * second

  it.each([1, 40])(
    'an expired secret costs three requests beyond those in flight, for %i accounts',
    async (count) => {
      const stage = await setStage({ life })
      const { provider, published } = stage
      provider.controls.blind = control === 'blind'
      await connectAll(stage, names.concat(Array.from({ length: 30 }, (_, i) => `more-${i}`)).slice(0, count))
      await stage.pass(3 * minute)
      provider.controls.sent.length = 0
      provider.secrets.clear()
      const before = provider.spendings.length
      await stage.pass(count === 1 && control === 'blind' ? 20 * minute : 3 * minute)
      const expired = published.filter(({ type }) => type === 'app.secret-expired')
      expect(expired).toHaveLength(1)
      const spent = provider.spendings.slice(before)
      const told = Math.min(...spent.map(({ heardAt }) => heardAt).filter((at) => at > 0))
      const fell = Date.parse(expired[0]?.time ?? '')
      const later = spent.filter(({ sentAt }) => sentAt > told && sentAt <= fell)
      const controls = provider.controls.sent.filter((at) => at <= fell)
      expect(later.length + controls.length).toBeLessThanOrEqual(3)
      if (control === 'blind') expect(controls).toEqual([])
    },
  )

  it('a bulk import of 50 dead grants does not open the circuit', async () => {
    const stage = await setStage({ life })
    const { provider, published } = stage
    provider.controls.blind = control === 'blind'
    await connectAll(stage, names)
    await stage.pass(3 * minute)
    provider.controls.sent.length = 0
    const imported = Array.from({ length: 50 }, (_, i) => `imported-${i}`)
    const dead = refused({
      ...refusals.invalidClient,
      providerError: { status: 400, error: 'invalid_client' },
    })
    for (const name of imported) {
      const put = stage.connect(name, { rotation: 'none' })
      provider.strange.set((await put).id, dead)
    }
    const reads = await readAll(stage, names, 10 * minute)
    expect([...reads]).toEqual([])
    expect(published.filter(({ type }) => type.startsWith('app.'))).toEqual([])
    expect(provider.controls.sent.length).toBeLessThanOrEqual(control === 'blind' ? 0 : 1)
    for (const name of imported)
      expect(await stage.get(0, name)).toMatchObject({ reason: 'refused_for_this_grant' })
  })
})

it('two grants that end soon after a control was sent cause another control, and do not open the circuit', async () => {
  const stage = await setStage({ life: minute })
  const { provider, published } = stage
  const few = names.slice(0, 3)
  const grants = await connectAll(stage, few)
  await stage.pass(3 * minute)
  const end = (name: string) => provider.strange.set(grants.get(name) as string, refused(deadGrant))
  end('account-0')
  await stage.pass(2 * minute)
  end('account-1')
  end('account-2')
  await stage.pass(3 * minute)
  expect(published.filter(({ type }) => type.startsWith('app.'))).toEqual([])
  for (const name of few) expect(await stage.get(0, name)).toMatchObject({ reason: 'refused_for_this_grant' })
})

it.each(['alice', 'bob'])(
  'an app with two secrets recovers if one of them works for one grant, %s',
  async (name) => {
    const stage = await setStage({ life: minute })
    const { provider } = stage
    provider.controls.blind = true
    const grants = await connectAll(stage, ['alice', 'bob'])
    await stage.wait(stage.at(0).addSecret('app-none', { id: 'second', secret: new Secret('secret-1') }))
    provider.secrets.clear()
    provider.secrets.add('secret-1')
    await stage.pass(3 * minute)
    for (const grant of grants.values()) provider.strange.set(grant, refused(refusals.invalidClient))
    await stage.pass(30 * minute)
    expect(await stage.get(0, 'alice')).toMatchObject({ error: 'client_secret_expired' })
    provider.strange.delete(grants.get(name) as string)
    await stage.pass(3 * hour)
    expect(await stage.get(0, name)).toMatchObject({ accessToken: expect.any(String) })
  },
)

describe('an unknown error code', () => {
  const unknown = refused({
    ...refusals.unavailable,
    reason: 'unknown_error',
    unknownWords: true,
    providerError: { status: 400, error: 'no_such_thing' },
  })

  it('for one grant parks it, and delays no other account', async () => {
    const stage = await setStage({ life: minute })
    const grants = await connectAll(stage, names)
    await stage.pass(3 * minute)
    stage.provider.strange.set(grants.get('account-0') as string, unknown)
    const reads = await readAll(stage, names, 25 * minute)
    expect([...reads.keys()]).toEqual(['account-0'])
    expect(await stage.get(0, 'account-0')).toMatchObject({
      error: 'grant_revoked',
      reason: 'refused_in_unknown_words',
      recoverable: true,
    })
    expect(stage.published.filter(({ type }) => type.startsWith('app.'))).toEqual([])
  })

  it('for several grants while one works parks them, and does not affect the app', async () => {
    const stage = await setStage({ life: minute })
    const few = names.slice(0, 4)
    const grants = await connectAll(stage, few)
    await stage.pass(3 * minute)
    const [well, ...dead] = few as [string, ...string[]]
    for (const name of dead) stage.provider.strange.set(grants.get(name) as string, unknown)
    await stage.pass(45 * minute)
    for (const name of dead)
      expect(await stage.get(0, name)).toMatchObject({
        error: 'grant_revoked',
        reason: 'refused_in_unknown_words',
      })
    expect(await stage.get(0, well)).toHaveProperty('accessToken')
  })

  it('for all grants is announced for the app once, and ends with the next success', async () => {
    const stage = await setStage({ life: minute })
    const few = names.slice(0, 3)
    const grants = await connectAll(stage, few)
    await stage.pass(3 * minute)
    for (const id of grants.values()) stage.provider.strange.set(id, unknown)
    await stage.pass(30 * minute)
    for (const name of few)
      expect(await stage.get(1, name)).toMatchObject({
        error: 'invalid_config',
        reason: 'refused_in_unknown_words',
      })
    const told = stage.published.filter(({ type }) => type.startsWith('app.'))
    expect(told.map(({ type }) => type)).toEqual(['app.refused'])
    expect(JSON.parse(told[0]?.body ?? '{}')).toMatchObject({
      reason: 'unknown_error',
      providerError: { status: 400, error: 'no_such_thing' },
    })
    stage.provider.strange.clear()
    await stage.pass(10 * minute)
    for (const name of few)
      expect(await stage.get(0, name)).toMatchObject({ accessToken: expect.any(String) })
  })
})

it.each(['conclusive', 'blind'] as const)(
  'a wrong secret answered with access_denied opens the circuit, control %s',
  async (control) => {
    const stage = await setStage({ life: minute })
    const { provider, published } = stage
    provider.controls.blind = control === 'blind'
    provider.dialect.wrongSecret = refused(refusals.accessDenied)
    const few = names.slice(0, 4)
    await connectAll(stage, few)
    await stage.pass(3 * minute)
    provider.secrets.clear()
    await stage.pass(20 * minute)
    expect(published.filter(({ type }) => type.startsWith('app.')).map(({ type }) => type)).toEqual([
      'app.secret-expired',
    ])
    provider.secrets.add('secret-1')
    await stage.wait(stage.at(0).addSecret('app-none', { secret: new Secret('secret-1') }))
    await stage.pass(10 * minute)
    for (const name of few)
      expect(await stage.get(0, name)).toMatchObject({ accessToken: expect.any(String) })
  },
)
