import { describe, expect, it } from 'vitest'
import { refused } from '../../src/provider/token-answer.ts'
import { refusals } from './refusals.ts'
import { setStage } from './stage.ts'

const second = 1_000
const minute = 60 * second
const names = Array.from({ length: 10 }, (_, i) => `account-${i}`)

/** Atlassian's words for a grant that has ended. */
const deadGrant = {
  ...refusals.invalidClient,
  reason: 'client_not_authorized',
  providerError: { status: 403, error: 'unauthorized_client' },
}

type Stage = Awaited<ReturnType<typeof setStage>>

/** Each account is read every 5 s by either node in turn; answers how many reads of whom were refused. */
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

describe.each([30, 600])('ten accounts with tokens of %i s, one of which dies in strange words', (life) => {
  it.each(['seen', 'blind'] as const)('the other nine are never refused, control %s', async (control) => {
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
    const told = published.filter(({ type }) => type === 'token.invalid').map(({ body }) => JSON.parse(body))
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
})
