import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import { dateOf } from './retry-after.ts'

/** What time it is at each provider, milliseconds: our clock, corrected by what its last answer's `Date` said. */
export interface ProviderClocks {
  now(url: URL): number
  learn(url: URL, headers: IncomingHttpHeaders): void
}

const mostProviders = 1_000

/** Only for absolute times in what we sign: how long a token lives is counted by our clock alone. */
export function createProviderClocks(ours: () => number = Date.now): ProviderClocks {
  const skews = new LRUCache<string, number>({ max: mostProviders })
  return {
    now: ({ origin }) => ours() + (skews.get(origin) ?? 0),
    learn({ origin }, headers) {
      const date = dateOf(headers)
      if (date !== undefined) skews.set(origin, date - ours())
    },
  }
}
