import { createHash } from 'node:crypto'
import type { AppConfig } from './app-config.ts'

type Addressed = Pick<
  AppConfig,
  'provider' | 'clientId' | 'tokenUrl' | 'refreshUrl' | 'issuer' | 'tenant' | 'cloud'
>

/** A short key of token endpoint, tenant and client, equal only if all of them are. */
export function endpointKey(config: Addressed): string {
  const { provider, clientId, tokenUrl = '', refreshUrl, issuer = '', tenant = '', cloud = '' } = config
  // Keys are stored, so those of apps without a separate refresh endpoint must not change.
  const more = refreshUrl === undefined ? [] : [refreshUrl]
  const text = JSON.stringify([provider, clientId, tokenUrl, issuer, tenant, cloud, ...more])
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
