import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLocalCache, type LocalCache } from '../../src/client/local-cache.ts'
import type { Fill } from '../../src/common/cache-fill.ts'
import { announcedOn } from '../../src/contract/announced.ts'
import { tokenOf } from './client-bus.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

const held = { account: 'alice', scope: undefined }
const subject = 'token.refreshed.alice'

/** One account as the service has it, and what of it is on the way to a client. */
function world(cache: LocalCache) {
  const saves = [{ version: 1, generation: 1, time: Date.now() }]
  const events: object[] = []
  const answers: { fill: Fill; token?: ReturnType<typeof tokenOf> }[] = []
  const newest = () => saves.at(-1) as (typeof saves)[number]
  const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)]
  const eventAt = ({ version, time }: { version: number; time: number }, account = 'alice') => ({
    id: `${version}@${time}`,
    type: 'token.refreshed',
    time: new Date(time).toISOString(),
    account,
    version,
  })
  function deliver(body: object) {
    const event = announcedOn(subject, body)
    if (event !== undefined) cache.invalidate(event.of, event)
  }

  return {
    steps: {
      save() {
        const { version, generation } = newest()
        saves.push({ version: version + 1, generation: generation + 1, time: Date.now() })
        events.push(eventAt(newest()))
      },
      /** An older copy of the storage: versions go back, the grant goes on. */
      restore(back: number) {
        const version = Math.max(1, newest().version - back)
        saves.push({ version, generation: newest().generation + 1, time: Date.now() })
        events.push(eventAt(newest()))
      },
      deliver: (which: number) => deliver(pick(events, which) ?? {}),
      forge: (version: number) => deliver(eventAt({ version, time: Date.now() + version * 1_000 })),
      misplace: (version: number) => deliver(eventAt({ version, time: Date.now() }, 'bob')),
      ask: () => answers.push({ fill: cache.beginFill('alice') }),
      /** The service finds its answer. */
      read(which: number) {
        const answer = pick(answers, which)
        const { time, ...save } = newest()
        if (answer !== undefined) answer.token ??= tokenOf('alice', { ...save, since: new Date(time) })
      },
      /** The same from the cache of a node that has not yet received the last invalidations. */
      readBehind(which: number) {
        const answer = pick(answers, which)
        const { time, ...save } = pick(saves, which) as (typeof saves)[number]
        if (answer !== undefined) answer.token ??= tokenOf('alice', { ...save, since: new Date(time) })
      },
      answer(which: number) {
        const answer = pick(answers, which)
        if (answer?.token === undefined) return
        answers.splice(answers.indexOf(answer), 1)
        cache.endFill(answer.fill, answer.token)
      },
      wait: (ms: number) => vi.advanceTimersByTime(ms),
    },
    /** Whatever is on its way arrives, in any order. */
    settle(order: readonly number[]) {
      for (const which of [...order, ...events.keys()]) deliver(pick(events, which) ?? {})
      for (const { fill, token } of answers) if (token !== undefined) cache.endFill(fill, token)
    },
    newest,
  }
}

type Step = keyof ReturnType<typeof world>['steps']
const step = fc.tuple(
  fc.constantFrom<Step>(
    'save',
    'save',
    'restore',
    'deliver',
    'deliver',
    'forge',
    'misplace',
    'ask',
    'read',
    'readBehind',
    'answer',
    'wait',
  ),
  fc.nat(40),
)

it('in any order of events and replies, repeated, late or forged, the client ends with the newest token or requests it', async () => {
  let kept = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.array(fc.nat()), async (steps, order) => {
      const cache = createLocalCache()
      const { steps: act, settle, newest } = world(cache)
      for (const [name, argument] of steps) {
        // No two saves of an account at one moment.
        vi.advanceTimersByTime(1)
        act[name](argument)
      }
      settle(order)
      const token = await cache.read(held, 0)
      if (token === undefined) return
      kept++
      expect(token.generation).toBe(newest().generation)
    }),
    { numRuns: 2_000 },
  )
  expect(kept).toBeGreaterThan(50)
})
