import type { Refusal } from './classified.ts'
import { notAllowed } from './guarded-connector.ts'

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOTFOUND: 'dns_failure',
  EAI_AGAIN: 'dns_failure',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  connect_timeout: 'connect_timeout',
  taken_back: 'taken_back',
}

const certificate = /CERT|SSL|TLS|EPROTO|SIGNATURE/

/** The request never left: nothing was spent. */
export function unsentRefusal(code: string): Refusal {
  if (code === notAllowed) return notAllowedRefusal(code)
  return {
    class: 'T',
    reason: reasons[code] ?? (certificate.test(code) ? 'tls_failure' : 'connection_failed'),
    action: 'wait',
    recoverable: true,
    sent: false,
    inDoubt: false,
    providerError: { status: null, error: code },
  }
}

/** The request left and not even a status line came back. */
export function lostRefusal(code: string): Refusal {
  return {
    class: 'T',
    reason: code === 'answer_timeout' ? 'answer_timeout' : 'connection_lost',
    action: 'wait',
    recoverable: true,
    sent: true,
    inDoubt: true,
    providerError: { status: null, error: code },
  }
}

function notAllowedRefusal(code: string): Refusal {
  return {
    ...misconfigured({ error: code, action: 'use an endpoint with a public address' }),
    reason: 'endpoint_not_allowed',
  }
}

/** The app's settings cannot work; nothing was sent. */
export function misconfigured({ error, action }: { error: string; action: string }): Refusal {
  return {
    class: 'C',
    reason: 'misconfigured',
    action,
    recoverable: true,
    sent: false,
    inDoubt: false,
    providerError: { status: null, error },
  }
}

/** The token endpoint is not where the grant, or the app, may send anything; nothing was sent. */
export const movedRefusal: Refusal = {
  class: 'S',
  reason: 'app_changed',
  action: "restore the app's token endpoint, or put the app with moveGrants: true",
  recoverable: true,
  sent: false,
  inDoubt: false,
  providerError: { status: null, error: 'app_changed' },
}
