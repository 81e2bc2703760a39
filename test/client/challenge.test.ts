import { expect, it } from 'vitest'
import { challengeIn } from '../../src/client/challenge.ts'

const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
const base64 = Buffer.from(claims).toString('base64')

it.each<[string, string | null, string | undefined]>([
  ['in base64, as Microsoft does', `Bearer error="insufficient_claims", claims="${base64}"`, base64],
  ['as JSON', `Bearer claims="${claims.replaceAll('"', '\\"')}"`, claims],
  ['beside another scheme', `Basic realm="claims", Bearer realm="", claims="${base64}"`, base64],
  ['in a challenge without', 'Bearer realm="x"', undefined],
  ['without a challenge', null, undefined],
])('claims %s', (_, header, found) => {
  expect(challengeIn(header)).toBe(found)
})
