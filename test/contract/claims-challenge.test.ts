import { describe, expect, it } from 'vitest'
import { tokenRejectSchema } from '../../src/contract/token.ts'

const challenge = { access_token: { acrs: { essential: true, value: 'c1' }, nbf: { value: '1604106651' } } }
const text = JSON.stringify(challenge)
const read = (claims: string) => tokenRejectSchema.safeParse({ generation: 1, claims })

describe('a claims challenge', () => {
  it.each([
    ['JSON', text],
    ['JSON with spaces', JSON.stringify(challenge, null, 2)],
    ['base64url', Buffer.from(text).toString('base64url')],
    ['base64', Buffer.from(text).toString('base64')],
  ])('is accepted as %s, and normalised to JSON', (_, claims) =>
    expect(read(claims).data).toEqual({ generation: 1, claims: text }),
  )

  it('is stripped of unknown members', () => {
    const wordy = { id_token: { amr: { values: ['mfa'], note: 'something else' }, auth_time: null } }
    expect(read(JSON.stringify(wordy)).data?.claims).toBe(
      '{"id_token":{"amr":{"values":["mfa"]},"auth_time":null}}',
    )
  })

  it.each([
    ['no JSON', 'please'],
    ['half of it', text.slice(0, 20)],
    ['not an object', '[]'],
    ['about something else', '{"password":{"x":null}}'],
    ['long enough for a token', JSON.stringify({ access_token: { x: { value: 'a'.repeat(65) } } })],
    ['too long', JSON.stringify({ access_token: { x: { values: Array(60).fill('a'.repeat(60)) } } })],
  ])('is rejected, naming the field, if it is %s', (_, claims) =>
    expect(read(claims).error?.issues).toMatchObject([{ path: ['claims'] }]),
  )
})
