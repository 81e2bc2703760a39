import { isStream, sendWithToken, type TokenSource } from './send-with-token.ts'
import type { FetchInput } from './tokens.ts'

export interface FetchWithTokenOptions {
  readonly tokens: TokenSource
  readonly account: string
  readonly scopes: readonly string[] | undefined
  readonly input: FetchInput
  readonly init: RequestInit
}

export function fetchWithToken({ input, init, ...owner }: FetchWithTokenOptions): Promise<Response> {
  const request = input instanceof Request ? input : undefined
  return sendWithToken({
    ...owner,
    signal: init.signal ?? request?.signal,
    replayable: !isStream(init.body ?? request?.body),
    send({ accessToken }) {
      const headers = new Headers(init.headers ?? request?.headers)
      headers.set('authorization', `Bearer ${accessToken}`)
      return fetch(input, { ...init, headers })
    },
    refusalIn({ status, headers, body }) {
      return status === 401 ? { headers, discard: async () => body?.cancel() } : undefined
    },
  })
}
