import { untrusted } from '../common/tls-error.ts'
import { type Cause, causedBy, type Reason } from '../contract/reasons.ts'
import type { Refusal } from './classified.ts'
import { notAllowed } from './guarded-connector.ts'
import { proxyCode } from './proxy-tunnel.ts'

const reasons: Readonly<Record<string, Reason>> = {
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

/** Failures of the outgoing proxy. */
const isProxyCode = (code: string) => code.startsWith(proxyCode)

const certificate = /CERT|SSL|TLS|EPROTO|SIGNATURE/

/** The request was not sent, so no token was used. */
export function unsentRefusal(code: string): Refusal {
  if (code === notAllowed) return notAllowedRefusal(code)
  return {
    class: 'T',
    ...causeOf(code),
    recoverable: true,
    sent: false,
    inDoubt: false,
    providerError: { status: null, error: code },
  }
}

function causeOf(code: string): Cause {
  if (isProxyCode(code)) return causedBy('proxy_failed')
  const cause = causedBy(reasons[code] ?? (certificate.test(code) ? 'tls_failure' : 'connection_failed'))
  return untrusted(code) === undefined
    ? cause
    : { ...cause, action: causedBy('tls_failure', 'authority').action }
}

/** The request was sent, and no status line was received. */
export function lostRefusal(code: string): Refusal {
  return {
    class: 'T',
    ...causedBy(code === 'answer_timeout' ? 'answer_timeout' : 'connection_lost'),
    recoverable: true,
    sent: true,
    inDoubt: true,
    providerError: { status: null, error: code },
  }
}

function notAllowedRefusal(code: string): Refusal {
  return {
    ...misconfigured({ error: code }),
    ...causedBy('endpoint_not_allowed'),
  }
}

interface Misconfigured {
  readonly error: string
  readonly cause?: Cause
}

/** The app's settings cannot work; nothing was sent. */
export function misconfigured({ error, cause = causedBy('misconfigured') }: Misconfigured): Refusal {
  return {
    class: 'C',
    ...cause,
    recoverable: true,
    sent: false,
    inDoubt: false,
    providerError: { status: null, error },
  }
}

/** The token endpoint is not permitted for the grant or the app; nothing was sent. */
export const movedRefusal: Refusal = {
  class: 'S',
  ...causedBy('app_changed'),
  recoverable: true,
  sent: false,
  inDoubt: false,
  providerError: { status: null, error: 'app_changed' },
}
