import { fail, ok, type Result } from '../failures.ts'
import type { AppPut } from '../schemas.ts'
import { checkEndpoint } from './check-endpoint.ts'
import { presets } from './presets.ts'

export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post'

/** An app's settings with its preset's own filled in. No secret is in it; it goes through JSON unchanged. */
export interface AppConfig {
  readonly app: string
  readonly provider: AppPut['provider']
  readonly clientId: string
  readonly clientAuth: ClientAuthMethod
  readonly issuer?: string
  readonly authorizeUrl?: string
  readonly tokenUrl?: string
  readonly revocationUrl?: string
  readonly scopes: string[]
  readonly rotation: NonNullable<AppPut['rotation']>
  readonly policy?: NonNullable<AppPut['policy']>
  /** Seconds a spent refresh token is answered again, for rotation `grace`. */
  readonly graceSeconds?: number
}

export interface ToAppConfig {
  readonly app: string
  readonly put: AppPut
  /** Accept endpoints at loopback and private addresses, and plain http. */
  readonly allowPrivate: boolean
}

const endpoints = ['issuer', 'authorizeUrl', 'tokenUrl'] as const
const notForOidc = ['serviceKey', 'tenant', 'cloud'] as const

/** Fails with `invalid_config`, naming the field. */
export async function toAppConfig({ app, put, allowPrivate }: ToAppConfig): Promise<Result<AppConfig>> {
  const preset = presets[put.provider]
  if (preset === undefined) return invalid('provider', `${put.provider} is not available yet`)
  const wrong = contradiction(put)
  if (wrong !== undefined) return wrong
  for (const field of endpoints) {
    const url = put[field]
    const checked = url === undefined ? ok(undefined) : await checkEndpoint(url, { allowPrivate })
    if (!checked.ok) return invalid(field, checked.failure.message)
  }
  const scopes = [...(put.scopes ?? preset.scopes), ...(put.additionalScopes ?? [])]
  return ok({
    app,
    provider: put.provider,
    clientId: put.clientId,
    clientAuth: put.clientAuth ?? 'client_secret_basic',
    ...(put.issuer !== undefined && { issuer: put.issuer }),
    ...(put.authorizeUrl !== undefined && { authorizeUrl: put.authorizeUrl }),
    ...(put.tokenUrl !== undefined && { tokenUrl: put.tokenUrl }),
    scopes: [...new Set(scopes)],
    rotation: put.rotation ?? preset.rotation,
    ...(put.policy !== undefined && { policy: put.policy }),
    ...(put.graceSeconds !== undefined && { graceSeconds: put.graceSeconds }),
  })
}

function contradiction(put: AppPut): Result<never> | undefined {
  for (const field of notForOidc) {
    if (put[field] !== undefined) return invalid(field, `has no meaning for provider ${put.provider}`)
  }
  if (put.issuer === undefined && put.tokenUrl === undefined) {
    return invalid('issuer', `provider ${put.provider} needs issuer or tokenUrl`)
  }
  if (put.issuer !== undefined && /[?#]/.test(put.issuer)) {
    return invalid('issuer', 'must have neither query nor fragment')
  }
  if (put.clientSecret !== undefined && put.secrets !== undefined) {
    return invalid('secrets', 'give either clientSecret or secrets')
  }
  return undefined
}

function invalid(field: string, message: string): Result<never> {
  return fail('invalid_config', `${field}: ${message}`)
}
