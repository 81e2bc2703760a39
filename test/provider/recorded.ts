import type { AppConfig } from '../../src/provider/app-config.ts'
import type { FailureClass } from '../../src/provider/classified.ts'
import type { Answer } from './raw-server.ts'

/** A response of a known provider, proxy or portal, and its expected meaning. */
export interface Recorded extends Answer {
  readonly title: string
  /** `oidc`, unless the error codes are a provider's own. */
  readonly provider?: AppConfig['provider']
  readonly workedBefore?: boolean
  readonly is: {
    readonly class: FailureClass
    readonly reason: string
    readonly inDoubt?: boolean
    readonly retryAfter?: number
    readonly error?: string
    readonly suberror?: string
    readonly codes?: readonly number[]
    readonly claims?: string | undefined
    readonly alarm?: true
    /** To be settled by comparison with other grants. */
    readonly unknownWords?: boolean
  }
}

export const json = { 'content-type': 'application/json' }
export const html = { 'content-type': 'text/html' }
export const page = (text: string) => `<!doctype html><html><body>${text}</body></html>`

export function said(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...json, ...headers }, body: JSON.stringify(body) }
}
