import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/common/secret.ts'
import { presetOf } from '../../src/provider/presets.ts'
import { ask, config, refusalOf } from './ask.ts'
import { pemOf } from './keys.ts'
import { answerBytes, startRawServer } from './raw-server.ts'
import { recordedDialects } from './recorded-dialects.ts'
import { recordedErrors } from './recorded-errors.ts'
import { recordedHttp } from './recorded-http.ts'
import { recordedMicrosoft } from './recorded-microsoft.ts'
import { recordedVendors } from './recorded-vendors.ts'

const corpus = [
  ...recordedHttp,
  ...recordedErrors,
  ...recordedDialects,
  ...recordedMicrosoft,
  ...recordedVendors,
]
const serviceKey = { clientSecret: new Secret(pemOf('rsa')) }

describe('a recorded response of a token endpoint', () => {
  test.each(corpus)('$title', async ({ is, provider = 'oidc', workedBefore = false, ...answer }) => {
    await using server = await startRawServer((socket) => socket.end(answerBytes(answer)))
    const { grant } = presetOf({ provider })
    const app = { ...config, provider, grant, tokenUrl: server.url }
    const asked = { config: app, workedBefore, ...(grant === 'jwt_bearer' && serviceKey) }
    const refusal = await refusalOf(ask(server.url, asked))
    const { class: failureClass, reason, inDoubt, sent, retryAfter, alarm, providerError } = refusal
    expect({ failureClass, reason, inDoubt, sent, retryAfter, alarm, status: providerError.status }).toEqual({
      failureClass: is.class,
      reason: is.reason,
      inDoubt: is.inDoubt ?? false,
      sent: true,
      retryAfter: is.retryAfter,
      alarm: is.alarm,
      status: answer.status,
    })
    for (const word of ['error', 'suberror', 'codes', 'claims'] as const) {
      if (word in is) expect(providerError[word]).toEqual(is[word])
    }
    expect(refusal.recoverable).toBe(!'AR'.includes(is.class))
    if (is.unknownWords !== undefined) expect(refusal.unknownWords ?? false).toBe(is.unknownWords)
    expect(refusal.action).not.toBe('')
    expect(server.requests).toHaveLength(1)
  })
})

test('no response is recorded twice', () => {
  expect(new Set(corpus.map(({ title }) => title)).size).toBe(corpus.length)
})
