import { describe, expect, it } from 'vitest'
import { streams } from '../../src/bus/subjects.ts'
import { type EventBody, eventBody, eventSchemas } from '../../src/contract/events.ts'

const invalid: EventBody<'token.invalid'> = {
  id: 'e1',
  type: 'token.invalid',
  time: '2026-01-02T03:04:05.000Z',
  account: 'alice',
  version: 4,
  app: 'crm',
  provider: 'oidc',
  user: 'alice@example.com',
  state: 'revoked',
  previousState: 'refreshing',
  generation: 2,
  reason: 'grant_revoked',
  class: 'A',
  recoverable: false,
  action: 'reconnect',
  providerError: { status: 400, error: 'invalid_grant' },
}

describe('event bodies', () => {
  it('are accepted if they match the contract', () => {
    expect(eventBody(invalid)).toEqual(invalid)
  })

  it.each([
    ['a token', { ...invalid, accessToken: 'x' }],
    [
      'free text of the provider',
      { ...invalid, providerError: { status: 400, error: 'x', error_description: 'y' } },
    ],
    ['no version', { ...invalid, version: undefined }],
    ['an invalid time', { ...invalid, time: 'now' }],
  ])('are rejected with %s', (_what, body) => {
    expect(() => eventBody(body as never)).toThrow()
  })

  it('each belong to a stream', () => {
    expect(Object.values(streams).flat().sort()).toEqual(Object.keys(eventSchemas).sort())
  })
})
