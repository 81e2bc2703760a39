import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { keptFields, keptInAnswer } from '../../src/provider/kept-fields.ts'

const answer = {
  access_token: 'access-token-1',
  instance_url: 'https://eu.example.com',
  team: { id: 'T1', nested: { deep: 7 } },
  'dotted.name': true,
  copy: 'Bearer access-token-1',
  jwt: 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln',
  long: 'x'.repeat(1_025),
  list: ['a'],
}
const kept = (...keep: string[]) =>
  keptFields({
    keep,
    sources: [answer, undefined, { realmId: '42', instance_url: 'https://other' }],
    secrets: ['access-token-1'],
  })

describe('a field that an app keeps', () => {
  it('is named, with dots for nested ones, and taken from the first source that has it', () => {
    expect(kept('instance_url', 'team.id', 'team.nested.deep', 'dotted.name', 'realmId')).toEqual({
      instance_url: 'https://eu.example.com',
      'team.id': 'T1',
      'team.nested.deep': 7,
      'dotted.name': true,
      realmId: '42',
    })
  })
  it('is never a token, a text that contains it, or a JWT', () => {
    expect(kept('access_token', 'copy', 'jwt')).toBeUndefined()
  })
  it('is a short text, a number or a boolean; others are dropped', () => {
    expect(kept('long', 'list', 'team', 'absent', 'team.id.x', '__proto__', 'constructor')).toBeUndefined()
  })
  it('is exact for large integers, besides numbers of any other form', () => {
    const body =
      '{"id": 12345678901234567890, "ratio": 0.30000000000000004, "tiny": 1e-1234567890123456, "n": -1}'
    const kept = keptInAnswer({
      config: { keep: ['id', 'ratio', 'n'] },
      exchange: { kind: 'answered', status: 200, headers: {}, body: Buffer.from(body) },
      answer: { accessToken: new Secret('access-token-1') },
      spent: [],
    })
    expect(kept).toEqual({ extra: { id: '12345678901234567890', ratio: 0.30000000000000004, n: -1 } })
  })
})
