import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AppContext, appMachine, fromStored, step } from '../../machines/index.ts'
import { minute, second, start } from '../../src/testing/index.ts'
import {
  app,
  clientAccepted,
  clientRejected,
  controlAnswered,
  isBlind,
  secretsPut,
  seesSecrets,
  sent,
} from '../support/app-given.ts'

const grants = ['a', 'b', 'c'] as const
const happening = fc.record({
  what: fc.constantFrom(
    'refused',
    'refused',
    'accepted',
    'control accepted',
    'control rejected',
    'control silent',
    'due',
  ),
  grant: fc.constantFrom(...grants),
  after: fc.constantFrom(0, second, 20 * second, 4 * minute),
  isInFlight: fc.boolean(),
})

it('the circuit opens only by a control, or without a conclusive one by refused grants, or by 4 refusals of one grant in 10 minutes', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(happening, { maxLength: 40 }), (sees, happenings) => {
      const { before } = app(
        secretsPut({ one: null }),
        clientAccepted('one', start),
        sees ? seesSecrets : isBlind,
      )
      let snapshot = fromStored(appMachine, before)
      let at = start
      let evidence: { question: string; grant: string; at: number }[] = []
      for (const { what, grant, after, isInFlight } of happenings) {
        at += after
        const context = snapshot.context as AppContext
        const question = isInFlight ? null : (context.question?.id ?? null)
        const open = context.question?.id ?? 'none'
        const event = {
          refused: clientRejected({ at, grant, sent: sent(at, question) }),
          accepted: clientAccepted('one', at, { sent: sent(at, question) }),
          'control accepted': controlAnswered('400 invalid_grant', { at, question: open }),
          'control rejected': controlAnswered('401 invalid_client', { at, question: open }),
          'control silent': controlAnswered(null, { at, question: open }),
          due: { type: 'timer.due', id: 'due', at } as const,
        }[what]
        const next = step(appMachine, snapshot, event as never)?.next ?? snapshot
        if (next.value === 'secret-expired') {
          const under = evidence.filter((each) => each.question === open)
          const others = new Set([...(context.question?.grants ?? []), grant])
          const isTwo = what === 'refused' && question === open && others.size >= 2
          const isFour =
            what === 'refused' &&
            under.length + 2 >= 4 &&
            at - (context.question?.openedAt ?? at) >= 10 * minute
          const isControl = sees && what === 'control rejected' && open !== 'none'
          expect(isTwo || isFour || isControl).toBe(true)
          // With a conclusive baseline: two inconclusive controls, and three refused grants.
          if (isTwo && !isFour && sees) expect(context.question?.control).toBe('inconclusive')
          if (isTwo && !isFour && sees) expect(others.size).toBeGreaterThanOrEqual(3)
          return
        }
        if (what === 'refused' && question === open) evidence.push({ question: open, grant, at })
        if (what === 'accepted' && question === open) expect((next.context as AppContext).question).toBeNull()
        const { question: kept } = next.context as AppContext
        expect(kept?.grants.length ?? 0).toBeLessThanOrEqual(4)
        if (kept === null) evidence = []
        snapshot = next
      }
    }),
    { numRuns: 2_000 },
  )
})
