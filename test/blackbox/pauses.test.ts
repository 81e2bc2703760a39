import { describe, expect, it } from 'vitest'
import { allFine, disturb, type Step, strictIsLost } from '../support/crash-scene.ts'

describe.concurrent('a node that stands still until another one has done its work, then goes on', () => {
  it.each<[Step, Record<string, string>]>([
    ['before sending', allFine],
    ['after sending', strictIsLost],
    ['after the response', strictIsLost],
    ['after the save', allFine],
    ['before publishing', allFine],
  ])('%s', async (step, outcome) => expect(await disturb(step, 'SIGSTOP')).toEqual(outcome))
})
