import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeId, encodeId } from '../../src/contract/subject-token.ts'

const anyId = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 256 })
  .filter((id) => [...id].length <= 256)

describe('encodeId', () => {
  it.each([
    ['alice', 'alice'],
    ['alice@example.com', 'alice@example%2Ecom'],
    ['A-z_0@+=:,;()!~-', 'A-z_0@+=:,;()!~-'],
    ['a b>c*d%e', 'a%20b%3Ec%2Ad%25e'],
    ["it's", 'it%27s'],
    ['%40', '%2540'],
    ['é', '%C3%A9'],
    ['$JS.API', '%24JS%2EAPI'],
  ])('%s is %s', (id, token) => {
    expect(encodeId(id)).toBe(token)
  })

  it('encodes every id as one token of allowed characters that decodes to the same id', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        const token = encodeId(id)
        expect(token).toMatch(/^(?:[A-Za-z0-9_@+=:,;()!~-]|%[0-9A-F]{2})+$/)
        expect(decodeId(token)).toEqual({ ok: true, value: id })
      }),
    )
  })

  it('encodes no allowed character', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        for (const [, hex] of encodeId(id).matchAll(/%([0-9A-F]{2})/g))
          expect(String.fromCharCode(Number.parseInt(hex ?? '', 16))).not.toMatch(/[A-Za-z0-9_@+=:,;()!~-]/)
      }),
    )
  })
})

describe('decodeId', () => {
  it('accepts only the encoding that encodeId produces', () => {
    const anyToken = fc.string({ unit: fc.constantFrom(...'aZ0%2E6f1.*é '), minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(anyToken, (token) => {
        const id = decodeId(token)
        if (id.ok) expect(encodeId(id.value)).toBe(token)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['%61lice', 'id: not the canonical encoding; use `alice`'],
    ['a%2eb', 'id: not the canonical encoding; use `a%2Eb`'],
    ['é', 'id: not the canonical encoding; use `%C3%A9`'],
    ['a.b', 'id: not the canonical encoding; use `a%2Eb`'],
    ['%', 'id: must be percent-encoded UTF-8'],
    ['%C3', 'id: must be percent-encoded UTF-8'],
    ['%C0%AF', 'id: must be percent-encoded UTF-8'],
    ['%ED%A0%80', 'id: must be percent-encoded UTF-8'],
    ['', 'id: must have 1 to 256 code points'],
    ['a'.repeat(257), 'id: must have 1 to 256 code points'],
    ['%41'.repeat(2_000), 'id: must have 1 to 256 code points'],
  ])('refuses %s', (token, message) => {
    expect(decodeId(token)).toEqual({ ok: false, failure: { error: 'bad_request', message } })
  })

  it('accepts 256 emoji, and not 257', () => {
    expect(decodeId(encodeId('💩'.repeat(256)))).toEqual({ ok: true, value: '💩'.repeat(256) })
    expect(decodeId(encodeId('💩'.repeat(257))).ok).toBe(false)
  })
})
