import { expect, it } from 'vitest'
import { absentAccount } from '../../machines/index.ts'
import { accountView } from '../../src/admin/views.ts'

it('an account that waits for its app shows reason and action, also while its token is valid', () => {
  const providerError = { status: 401, error: 'invalid_client', codes: [7000222] }
  const lastError = {
    at: 1,
    class: 'P' as const,
    reason: 'client_secret_expired',
    action: 'add a new client secret',
    providerError,
  }
  const seen = accountView({
    account: 'alice',
    record: { version: 3, saveId: 'save' },
    state: 'secret-expired',
    context: {
      ...absentAccount({ account: 'alice' }),
      grantId: 'grant',
      expiresAt: Date.now() + 60_000,
      lastError,
    },
    metadata: undefined,
    extra: undefined,
    config: null,
  })
  expect(seen).toMatchObject({
    state: 'secret-expired',
    reason: 'client_secret_expired',
    class: 'P',
    recoverable: true,
    action: 'add a new client secret',
  })
})
