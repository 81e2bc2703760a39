import { describe, expect, it } from 'vitest'
import { patternViolation } from '../../src/provider/url-pattern.ts'

describe('a pattern for URL parameters', () => {
  it.each([
    '^[a-z0-9-]+\\.example\\.com$',
    '^[a-z0-9][a-z0-9-]{0,62}$',
    '^(?:eu|us)-[0-9]{1,3}$',
    '^[a-z0-9-]+\\.(?:my\\.)?salesforce\\.com$',
    '^[^.]+\\.[a-z.]+$',
    '^\\w+$',
  ])('may be %s', (pattern) => expect(patternViolation(pattern)).toBeUndefined())

  it.each([
    ['[a-z]+', 'does not hold for the whole'],
    ['^[a-z]+', 'does not hold for the whole'],
    ['^[a-z]+\\$', 'ends in a dollar sign'],
    ['^a$|^.*$', 'has an end in the middle'],
    ['^evil|good$', 'holds for a part in one of its choices'],
    ['^(a+)+$', 'repeats what is repeated'],
    ['^(?:a|a)*b$', 'repeats a choice'],
    ['^(?:a|a){9}b$', 'repeats a choice'],
    ['^[a-z]*[a-z]*[a-z]*x?$', 'has too many unbounded counts'],
    [`^${'a?'.repeat(30)}${'a'.repeat(30)}$`, 'has too many options'],
    ['^(?=a)a$', 'looks ahead'],
    ['^(?!a)b$', 'looks ahead'],
    ['^(a)\\1$', 'refers back'],
    ['^a+?$', 'is lazy'],
    ['^(?:a$', 'is not closed'],
    ['^a)$', 'is not opened'],
    ['^[a$', 'has an open class'],
    ['^a{1,$', 'has an open count'],
    ['^\\p{L}+$', 'has classes of Unicode'],
    ['^a b$', 'has a space'],
  ])('must not be %s: it %s', (pattern) => expect(patternViolation(pattern)).toEqual(expect.any(String)))

  it('that is accepted is a valid regular expression', () => {
    for (const pattern of ['^[\\w-]+$', '^[a\\]]{2}$', '^(?:a(?:b|c)?d|e)$']) {
      expect(patternViolation(pattern)).toBeUndefined()
      expect(() => new RegExp(pattern, 'u')).not.toThrow()
    }
  })
})
