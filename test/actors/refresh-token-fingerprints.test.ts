import fc from 'fast-check'
import { expect, it } from 'vitest'
import { tokenMarks } from '../../src/actors/refresh-token-fingerprints.ts'

const mark = fc.stringMatching(/^[A-Za-z0-9_-]{8}$/)

it('a refresh token from a put is recognised after any number of rotations, in a bounded field', () => {
  fc.assert(
    fc.property(mark, fc.array(mark, { maxLength: 400 }), (first, later) => {
      const begun = tokenMarks.add(undefined, { mark: first, fromOutside: true })
      const marks = later.reduce(
        (known, each) => tokenMarks.add(known, { mark: each, fromOutside: false }),
        begun,
      )
      expect(tokenMarks.knows(marks, first)).toBe(true)
      for (const each of later.slice(-100)) expect(tokenMarks.knows(marks, each)).toBe(true)
      expect(marks.split(',').length).toBeLessThanOrEqual(101)
      expect(new Set(marks.split(',')).size).toBe(marks.split(',').length)
    }),
    { numRuns: 50 },
  )
})
