import { describe, expect, it } from 'vitest'
import { allFine, disturb, type Step, strictIsLost } from '../support/crash-scene.ts'

describe.concurrent('a node killed with kill -9', () => {
  it.each<[Step, Record<string, string>]>([
    ['before sending', allFine],
    ['after sending', allFine],
    ['while the response is lost', strictIsLost],
    ['after the response', allFine],
    ['after the save', allFine],
    ['before publishing', allFine],
  ])('%s', async (step, outcome) => expect(await disturb(step, 'SIGKILL')).toEqual(outcome))
})
