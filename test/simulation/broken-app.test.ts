import { expect, it } from 'vitest'
import { refused } from '../../src/provider/token-answer.ts'
import { refusals } from './refusals.ts'
import { type Stage, setStage } from './stage.ts'

const minute = 60_000
const hour = 60 * minute
const dead = refused(refusals.invalidClient)

/** An app without conclusive controls, whose circuit was opened by ended grants with unusual error codes. */
async function fell(names: readonly string[], lazy?: string): Promise<Stage> {
  const stage = await setStage({ life: minute })
  const { provider, published } = stage
  provider.controls.blind = true
  const grants: string[] = []
  for (const name of names) grants.push((await stage.connect(name, { rotation: 'none', fresh: true })).id)
  if (lazy !== undefined) await stage.connect(lazy, { rotation: 'none', policy: 'lazy' })
  await stage.pass(3 * minute)
  for (const id of grants) provider.strange.set(id, dead)
  await stage.pass(6 * hour)
  expect(published.some(({ type }) => type === 'app.secret-expired')).toBe(true)
  return stage
}

it.each([
  [2, 'none waits for it any more'],
  [12, 'many wait for it'],
])(
  'a broken app is healed within minutes by a new grant that works, where %i grants ended',
  async (count) => {
    const stage = await fell(Array.from({ length: count }, (_, i) => `dead-${i}`))
    await stage.putGrant('new', { rotation: 'none' })
    await stage.pass(6 * minute)
    expect(await stage.get(0, 'new')).toMatchObject({ accessToken: expect.any(String) })
  },
)

it('a broken app is healed by a new grant with a live token that nobody requests', async () => {
  const stage = await fell(['dead-0', 'dead-1'])
  for (const name of ['dead-0', 'dead-1']) await stage.wait(stage.at(0).deleteAccount(name, {}))
  await stage.putGrant('new', { rotation: 'none', policy: 'lazy', fresh: true })
  await stage.pass(hour)
  expect(await stage.get(0, 'new')).toMatchObject({ accessToken: expect.any(String) })
})

it('a broken app is healed by a lazily refreshed account before anyone reads its token, though many others wait', async () => {
  const { published, get } = await fell(
    Array.from({ length: 12 }, (_, i) => `dead-${i}`),
    'lazy',
  )
  const last = published.findLast(({ type }) => type.startsWith('app.secret'))
  expect(last?.type).toBe('app.secret-restored')
  expect(await get(0, 'lazy')).toMatchObject({ accessToken: expect.any(String) })
})

it.each([
  ['of many accounts', (i: number) => `new-${i}`],
  ['of one account', () => 'new'],
] as const)(
  'many new grants %s of an app with a refused secret cost one request every 5 minutes',
  async (_, nameOf) => {
    const stage = await setStage({ life: minute })
    const { provider } = stage
    for (const name of ['alice', 'bob']) await stage.connect(name, { rotation: 'none', fresh: true })
    await stage.pass(3 * minute)
    provider.secrets.clear()
    await stage.pass(3 * hour)
    const before = provider.spendings.length
    for (let i = 0; i < 30; i++) {
      await stage.putGrant(nameOf(i), {
        rotation: 'none',
        policy: i % 2 ? 'lazy' : 'eager',
        fresh: i % 3 === 0,
      })
      await stage.pass(minute)
    }
    expect(provider.spendings.length - before).toBeLessThanOrEqual(7)
  },
)
