import { afterAll, beforeAll, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LiveTokenbus, startLiveTokenbus } from '../support/live-tokenbus.ts'
import type { Denial } from '../support/stand-ins/denial.ts'
import { type ListedError, listedErrors } from './listed-errors.ts'
import { setScene } from './scene.ts'
import { stages } from './stages.ts'

let tokenbus: LiveTokenbus
beforeAll(async () => {
  tokenbus = await startLiveTokenbus()
})
afterAll(() => tokenbus[Symbol.asyncDispose]())

const stateAfter = {
  A: 'revoked',
  R: 'revoked',
  S: 'revoked',
  P: 'secret-expired',
  C: 'expiring',
  T: 'expiring',
}

interface SaysNo extends AsyncDisposable {
  says(denial: Denial): void
}

async function accountAfter(
  denial: Denial,
  { stage, workedBefore, class: failureClass, reason }: ListedError,
) {
  await using scene = await setScene<SaysNo>({ tokenbus, stage: stages[stage] as never })
  await scene.refreshed()
  const witness = failureClass === 'P' ? await scene.connectWitness() : undefined
  if (workedBefore && witness) await tokenbus.request(`token.get.${witness}`, { forceRefresh: true })
  if (workedBefore) await scene.forceRefresh()
  scene.standIn.says(denial)
  const answer = await scene.forceRefresh()
  // The reply does not wait until the app's circuit is decided.
  const view = await eventually(async () => {
    const seen = await tokenbus.request(`account.get.${scene.account}`)
    expect(seen.lastError).toMatchObject({ class: failureClass, reason })
    return seen
  })
  const published = 'RAS'.includes(view.lastError.class) ? await scene.invalid() : undefined
  return { answer, view, published, announced: tokenbus.count('token.invalid', scene.account) }
}

it.concurrent.each(listedErrors)('$stage: $error is $class, $reason', async (listed) => {
  const { class: failureClass, reason, denials } = listed
  const outcomes = await Promise.all(denials.map((denial) => accountAfter(denial, listed)))
  for (const { answer, view, published, announced } of outcomes) {
    expect(view.state).toBe(stateAfter[failureClass])
    const ended = view.state === 'revoked'
    const recoverable = failureClass === 'S'
    expect(answer).toMatchObject(
      ended ? { error: 'grant_revoked', reason } : { accessToken: expect.any(String) },
    )
    if (ended) expect(published).toMatchObject({ reason, class: recoverable ? 'S' : 'A', recoverable })
    expect(announced).toBe(ended ? 1 : 0)
  }
})
