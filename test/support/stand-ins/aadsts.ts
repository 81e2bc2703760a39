import { randomUUID } from 'node:crypto'
import type { Denial } from './denial.ts'

interface Details {
  readonly status?: number
  readonly error?: string
  readonly suberror?: string
  /** A claims challenge: what the next sign-in must satisfy. */
  readonly claims?: object
}

/** A refusal of Entra ID: an error code, a number and a long description. */
export function aadsts(code: number, text: string, details: Details = {}): Denial {
  const { status = 400, error = 'invalid_grant', suberror, claims } = details
  const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`
  const [trace, correlation] = [randomUUID(), randomUUID()]
  return {
    status,
    body: {
      error,
      error_description: `AADSTS${code}: ${text} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      ...(suberror !== undefined && { suberror }),
      ...(claims !== undefined && { claims: JSON.stringify(claims) }),
    },
  }
}
