import { untrusted } from '../common/tls-error.ts'
import type { Refusal } from './classified.ts'
import { notAllowed } from './guarded-connector.ts'
import { proxyCode } from './proxy-tunnel.ts'

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

/** Of the proxy between us and the provider. */
const isProxyCode = (code: string) => code.startsWith(proxyCode)

const certificate = /CERT|SSL|TLS|EPROTO|SIGNATURE/

/** The request never left: nothing was spent. */
export function unsentRefusal(code: string): Refusal {
  if (code === notAllowed) return notAllowedRefusal(code)
  return {
    class: 'T',
    reason: reasonOf(code),
    action: actionOf(code),
    recoverable: true,
    sent: false,
    inDoubt: false,
    providerError: { status: null, error: code },
  }
}

function reasonOf(code: string): string {
  if (isProxyCode(code)) return 'proxy_failed'
  return reasons[code] ?? (certificate.test(code) ? 'tls_failure' : 'connection_failed')
}

function actionOf(code: string): string {
  if (isProxyCode(code)) return 'wait; if it lasts, check HTTPS_PROXY and what that proxy lets through'
  return untrusted(code) === undefined
    ? 'wait'
    : "name the file of its certificate's authority in NODE_EXTRA_CA_CERTS, and start tokenbus again"
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
