import { createRemoteJWKSet, customFetch, type RemoteJWKSet } from 'jose'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { toResponse } from '../provider/discover.ts'
import type { Http } from '../provider/http.ts'
import type { EventSource } from '../provider/preset.ts'

export interface KeySetsOptions {
  /** Connects to public addresses only, unless configured otherwise. */
  readonly http: Http
  readonly allowPrivate: boolean
}

/** The issuer's keys cannot be fetched now, so its signatures can be neither accepted nor rejected. */
export class KeysUnavailable extends Error {}

export interface KeySets {
  /** Rejects with `KeysUnavailable`. */
  keysOf(source: EventSource): Promise<RemoteJWKSet>
}

const timing = { connectMs: 2_000, answerMs: 4_000 }
const maxSources = 1_000
const day = 86_400_000

/** The transmitter's configuration (OpenID SSF §7.1). */
const configurationSchema = z.object({ jwks_uri: z.url() })

/** The signing keys of issuers: fetched on first use, cached, and fetched again for an unknown key id. */
export function createKeySets({ http, allowPrivate }: KeySetsOptions): KeySets {
  const sets = new LRUCache<string, RemoteJWKSet>({ max: maxSources })
  const locations = new LRUCache<string, string>({ max: maxSources, ttl: day })

  async function get(href: string): Promise<Response> {
    const url = new URL(href)
    if (url.protocol !== 'https:' && !allowPrivate) throw new KeysUnavailable(`${href} is not https`)
    const headers = { accept: 'application/json', 'accept-encoding': 'identity' }
    return toResponse(await http.send({ url, method: 'GET', headers, timing }))
  }

  async function locate({ configurationUrl, jwksUrl }: EventSource): Promise<string> {
    if (jwksUrl !== undefined) return jwksUrl
    if (configurationUrl === undefined) throw new Error('an event source without keys')
    const known = locations.get(configurationUrl)
    if (known !== undefined) return known
    const { jwks_uri: found } = configurationSchema.parse(await (await get(configurationUrl)).json())
    locations.set(configurationUrl, found)
    return found
  }

  return {
    async keysOf(source) {
      try {
        const href = await locate(source)
        const set = sets.get(href) ?? createRemoteJWKSet(new URL(href), { [customFetch]: get })
        sets.set(href, set)
        if (set.jwks() === undefined) await set.reload()
        return set
      } catch (cause) {
        throw new KeysUnavailable(`the keys of ${source.issuer} cannot be fetched`, { cause })
      }
    },
  }
}
