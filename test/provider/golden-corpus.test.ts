import { describe, expect, test } from 'vitest'
import { ask, refusalOf } from './ask.ts'
import { answerBytes, startRawServer } from './raw-server.ts'
import { recordedErrors } from './recorded-errors.ts'
import { recordedHttp } from './recorded-http.ts'

describe('what the token endpoint says', () => {
  test.each([...recordedHttp, ...recordedErrors])(
    '$title',
    async ({ is, workedBefore = false, ...answer }) => {
      await using server = await startRawServer((socket) => socket.end(answerBytes(answer)))
      const refusal = await refusalOf(ask(server.url, { workedBefore }))
      const { class: failureClass, reason, inDoubt, sent, retryAfter, providerError } = refusal
      expect({ failureClass, reason, inDoubt, sent, retryAfter, status: providerError.status }).toEqual({
        failureClass: is.class,
        reason: is.reason,
        inDoubt: is.inDoubt ?? false,
        sent: true,
        retryAfter: is.retryAfter,
        status: answer.status,
      })
      if (is.error !== undefined) expect(providerError.error).toBe(is.error)
      if (is.suberror !== undefined) expect(providerError.suberror).toBe(is.suberror)
      expect(refusal.recoverable).toBe(!'AR'.includes(is.class))
      expect(refusal.action).not.toBe('')
      expect(server.requests).toHaveLength(1)
    },
  )
})
