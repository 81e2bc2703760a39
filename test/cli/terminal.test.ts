import { expect, it } from 'vitest'
import { coloursOf, facts, jsonLine, shown, table } from '../../src/cli/terminal.ts'
import { eventLine, transitionLine } from '../../src/cli/transition-line.ts'
import { hasControl } from '../../src/common/control-characters.ts'

const evil = 'a\u001b[2J\u009b8m\nvalid\u202e\u007f'
const plain = coloursOf(false)

it.each<[string, () => string[]]>([
  ['a table', () => table([[shown(evil), 'x']])],
  ['the facts of an account', () => facts(shown({ user: evil, metadata: { [evil]: [evil] } }), plain)],
  [
    'a transition',
    () => [
      transitionLine(
        {
          account: evil,
          time: new Date(0).toISOString(),
          from: evil,
          to: evil,
          event: { type: evil, reason: evil },
          wakeAt: null,
          at: 0,
          snapshot: { context: { generation: 1 } },
        },
        { colour: false },
      ),
    ],
  ],
  [
    'an event',
    () => [
      eventLine({ type: evil, account: evil, state: evil, reason: evil, action: evil }, { colour: false }),
    ],
  ],
  ['a line of JSON', () => [jsonLine({ [evil]: evil })]],
])('%s contains no control characters', (_, lines) => {
  for (const line of lines()) expect(hasControl(line)).toBe(false)
})

it('an escaped line of JSON keeps its meaning', () => {
  expect(JSON.parse(jsonLine({ [evil]: evil }))).toEqual({ [evil]: evil })
})
