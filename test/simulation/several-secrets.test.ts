import { expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { refused } from '../../src/provider/token-answer.ts'
import { refusals } from './refusals.ts'
import { type Stage, setStage } from './stage.ts'

const second = 1_000
const minute = 60 * second

async function addSecrets({ stage, count }: { stage: Stage; count: number }): Promise<void> {
  for (let i = 1; i <= count; i++) {
    stage.provider.secrets.add(`secret-${i}`)
    await stage.wait(stage.at(0).addSecret('app-none', { id: `s${i}`, secret: new Secret(`secret-${i}`) }))
  }
}

it.each([0.4, 2])(
  'a parked grant that is refused with each of many secrets is parked again after a bounded number of requests, responses within %i s',
  async (slowest) => {
    const stage = await setStage({ life: minute })
    const { provider } = stage
    const dead = await stage.connect('alice', { rotation: 'none', fresh: true })
    await stage.connect('bob', { rotation: 'none', fresh: true })
    await stage.pass(3 * minute)
    provider.strange.set(dead.id, refused(refusals.invalidClient))
    await stage.pass(3 * minute)
    expect(await stage.get(0, 'alice')).toMatchObject({ reason: 'refused_for_this_grant' })
    await addSecrets({ stage, count: 6 })
    await stage.pass(10 * minute)
    provider.mood.slowest = slowest * second
    const before = stage.sendings('alice').length
    await addSecrets({ stage, count: 7 })
    await stage.pass(30 * minute)
    expect(await stage.get(0, 'alice')).toMatchObject({
      error: 'grant_revoked',
      reason: 'refused_for_this_grant',
    })
    expect(stage.sendings('alice').length - before).toBeLessThanOrEqual(7)
  },
)

it.each(['conclusive', 'blind'] as const)(
  'the circuit opens even if the provider is too slow to refuse all secrets within one attempt, control %s',
  async (control) => {
    const stage = await setStage({ life: minute })
    const { provider, published } = stage
    provider.controls.blind = control === 'blind'
    for (const name of ['alice', 'bob']) await stage.connect(name, { rotation: 'none', fresh: true })
    await addSecrets({ stage, count: 4 })
    await stage.pass(3 * minute)
    provider.secrets.clear()
    provider.mood.slowest = 3 * second
    await stage.pass(20 * minute)
    expect(published.filter(({ type }) => type === 'app.secret-expired')).toHaveLength(1)
  },
)

it('a grant that gets access_denied is parked even if secrets of the app are refused with another error code', async () => {
  const stage = await setStage({ life: minute })
  const { provider } = stage
  provider.controls.blind = true
  const dead = await stage.connect('alice', { rotation: 'none', fresh: true })
  await stage.connect('bob', { rotation: 'none', fresh: true })
  await addSecrets({ stage, count: 3 })
  await stage.pass(3 * minute)
  const before = stage.sendings('alice').length
  for (const secret of ['secret-1', 'secret-2', 'secret-3']) provider.secrets.delete(secret)
  provider.mood.slowest = 0.8 * second
  provider.strange.set(dead.id, refused(refusals.accessDenied))
  await stage.pass(10 * minute)
  expect(await stage.get(0, 'alice')).toMatchObject({ error: 'grant_revoked' })
  expect(stage.sendings('alice').length - before).toBeLessThanOrEqual(12)
})
