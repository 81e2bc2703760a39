import { expect, it } from 'vitest'
import { shortDrills } from './drills.ts'

/** Milliseconds: each starts three servers, on a machine that may be busy. */
const patience = 180_000

it.each(shortDrills)(
  '$name: tokens are served, or refused with the reason, and the system recovers',
  async ({ run }) => {
    const seen: string[] = []
    await run((line) => seen.push(line)).catch((error: Error) => {
      throw new Error(`${error.message}\n${seen.join('\n')}`, { cause: error })
    })
    expect(seen).not.toEqual([])
  },
  patience,
)
