import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'
import { dateOf } from './retry-after.ts'

/** The time at each provider in milliseconds: the local clock, corrected by the `Date` of its last answer. */
export interface ProviderClocks {
  now(url: URL): number
  learn(url: URL, headers: IncomingHttpHeaders): void
}

const maxProviders = 1_000

/** Only for absolute times in assertions; token lifetimes are counted by the local clock. */
export function createProviderClocks(ours: () => number = Date.now): ProviderClocks {
  const skews = new LRUCache<string, number>({ max: maxProviders })
  return {
    now: ({ origin }) => ours() + (skews.get(origin) ?? 0),
    learn({ origin }, headers) {
      const date = dateOf(headers)
      if (date !== undefined) skews.set(origin, date - ours())
    },
  }
}
