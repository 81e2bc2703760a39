import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  type AccountContext,
  type AccountEffect,
  type AccountState,
  accountMachine,
  fromStored,
  isServed,
  never,
  step,
  toStored,
} from '../../machines/index.ts'
import { authorized, given, hour, refreshSucceeded, start, timerDue } from '../../src/testing/index.ts'
import { samples } from '../support/account-samples.ts'

type Snapshot = ReturnType<typeof fromStored<typeof accountMachine>>
interface Step {
  readonly before: Snapshot
  readonly after: Snapshot
  readonly effects: readonly AccountEffect[]
}

const anyEvents = fc.array(fc.constantFrom(...Object.keys(samples)), { minLength: 1, maxLength: 40 })
const unborn = () => fromStored(accountMachine, given(accountMachine, []).before)

/** What happens to an account to which these happen, as far as it takes them. */
function live(names: readonly string[]): Step[] {
  let before = unborn()
  return names.flatMap((name) => {
    const event = (samples[name] as (typeof samples)[string])(before.context)
    const stepped = step<typeof accountMachine, AccountEffect>(accountMachine, before, event)
    if (stepped === null) return []
    const taken = { before, after: stepped.next, effects: stepped.effects }
    before = stepped.next
    return [taken]
  })
}

const holds = (rule: (step: Step, steps: readonly Step[], index: number) => void) =>
  fc.assert(
    fc.property(anyEvents, (names) => {
      const steps = live(names)
      for (const [index, each] of steps.entries()) rule(each, steps, index)
    }),
    { numRuns: 1_000 },
  )

const stateOf = ({ value }: Snapshot) => value as AccountState
/** Only a change of its app brings it back, and that wakes it. */
const needsTheApp = ({ invalid }: AccountContext) => invalid?.reason === 'app_changed'
const isDead = ({ invalid }: AccountContext) => invalid?.state === 'revoked' && invalid.class === 'A'

it('every account has a wake-up unless it is revoked, removed, waits for a change of its app, or has a token without expiry', () =>
  holds(({ after }) => {
    const { context } = after
    const mayRest =
      context.grantId === null ||
      (stateOf(after) === 'valid' && context.expiresAt === never) ||
      (stateOf(after) === 'revoked' && (isDead(context) || needsTheApp(context) || !context.refreshable))
    if (!mayRest) expect(context.wakeAt).toEqual(expect.any(Number))
    if (context.grantId === null || (stateOf(after) === 'revoked' && isDead(context)))
      expect(context.wakeAt).toBeNull()
  }))

it('the generation increases by one per stored token, and never decreases', () =>
  holds(({ before, after, effects }) => {
    const stored = effects.filter(({ type }) => type === 'tokens.store').length
    expect(after.context.generation - before.context.generation).toBe(stored)
  }))

it('the state is refreshing exactly while an attempt is in flight', () =>
  holds(({ after }) => expect(after.context.attempt !== null).toBe(stateOf(after) === 'refreshing')))

it('refresh.send is emitted exactly once per new attempt', () =>
  holds(({ before, after, effects }) => {
    const begins = after.context.attempt !== null && after.context.attempt.id !== before.context.attempt?.id
    expect(effects.filter(({ type }) => type === 'refresh.send')).toHaveLength(begins ? 1 : 0)
  }))

it('token.invalid is not repeated with the same reason for one grant without a token.refreshed in between', () =>
  holds((_, steps, index) => {
    const told = steps
      .slice(0, index + 1)
      .flatMap(({ after, effects }) =>
        effects
          .filter(({ type }) => type === 'token.invalid' || type === 'token.refreshed')
          .map((effect) => ({ ...effect, grantId: after.context.grantId })),
      )
    const [last, before] = [told.at(-1), told.at(-2)]
    if (last?.type !== 'token.invalid' || before?.type !== 'token.invalid') return
    expect([last.grantId, last.state, last.reason]).not.toEqual([before.grantId, before.state, before.reason])
  }))

it('no token is served between token.invalid and the next token.refreshed', () =>
  holds((_, steps, index) => {
    const { context } = (steps[index] as Step).after
    const told = steps
      .slice(0, index + 1)
      .flatMap(({ effects }) => effects)
      .findLast(({ type }) => type === 'token.invalid' || type === 'token.refreshed')
    const seen = { state: stateOf((steps[index] as Step).after), context, at: context.issuedAt }
    if (told?.type === 'token.invalid' && context.invalid !== null) expect(isServed(seen)).toBe(false)
  }))

it('a snapshot survives serialisation unchanged', () =>
  holds(({ after }) => {
    const stored = JSON.parse(JSON.stringify(toStored(after)))
    expect(toStored(fromStored(accountMachine, stored))).toEqual(toStored(after))
  }))

it('an eager account stays valid if timers fire and requests are answered', () => {
  let snapshot = given(accountMachine, [authorized()]).before
  for (let day = 0; day < 30 * 24; day++) {
    const { context } = snapshot as unknown as { context: AccountContext }
    const at = context.wakeAt as number
    expect(at).toBeLessThan(context.expiresAt)
    const sent = given(accountMachine, snapshot).when(timerDue({ at, id: `attempt-${day}` }))
    snapshot = given(accountMachine, sent.after).when(
      refreshSucceeded({ at: at + 300, attempt: `attempt-${day}`, baseGeneration: day + 1, expiresIn: hour }),
    ).after
  }
  expect(snapshot.value).toBe('valid')
  expect((snapshot as unknown as { context: AccountContext }).context.issuedAt).toBeGreaterThan(
    start + 20 * 24 * hour,
  )
})
