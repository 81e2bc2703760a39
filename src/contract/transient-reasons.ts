import type { ReasonText } from '../../machines/index.ts'

const wait = 'wait'
const between = 'wait; if it lasts, check proxies and gateways between the nodes and the provider'

/** Temporary reasons (class T), some of which need an operator's attention. */
export const transientReasons = {
  provider_unavailable: { means: 'The provider reports that it is temporarily unavailable.', action: wait },
  throttled: { means: 'The provider limits the request rate (429 or `Retry-After`).', action: wait },
  connection_refused: { means: 'The connection to the provider was refused.', action: wait },
  connection_failed: { means: 'The connection to the provider failed.', action: wait },
  connect_timeout: { means: 'The connection to the provider timed out.', action: wait },
  unreachable: { means: 'There is no network route to the provider.', action: wait },
  dns_failure: { means: "The provider's name could not be resolved.", action: wait },
  tls_failure: {
    means: "The TLS handshake failed, or the provider's certificate is not trusted.",
    action: wait,
    more: {
      authority: 'set NODE_EXTRA_CA_CERTS to the certificate of its authority, and restart tokenbus',
    },
  },
  proxy_failed: {
    means: 'The forward proxy cannot be reached or refused the request.',
    action: 'wait; if it lasts, check HTTPS_PROXY and the rules of the proxy',
  },
  connection_lost: { means: 'The connection was closed before a response arrived.', action: wait },
  answer_timeout: { means: 'The provider did not respond in time.', action: wait },
  unreadable_answer: { means: 'The response is not that of a token endpoint.', action: between },
  no_token_in_answer: { means: 'The response reports success but contains no token.', action: between },
  discovery_failed: {
    means: "The provider's metadata could not be read.",
    action: 'wait; if it lasts, check the issuer of the app',
  },
  loop_detected: {
    means: 'The provider reports that it receives the same request too often.',
    action: 'find the caller that requests this account in a loop',
  },
  clock_skew: {
    means: 'The provider rejects the time in a signed assertion: a clock is wrong.',
    action: "set the clock of tokenbus's machine",
  },
  unknown_error: {
    means: 'The provider refused with an error code that tokenbus does not know.',
    action: wait,
    more: { settings: 'check the settings of the app' },
  },
  client_in_question: {
    means: "tokenbus is determining whether the provider rejects this grant or the app's credentials.",
    action: wait,
  },
  too_late_to_send: { means: 'The request could not be sent in time and was dropped unsent.', action: wait },
  too_many_at_once: {
    means: 'The limit of concurrent requests to the provider was reached; this one was dropped unsent.',
    action: wait,
  },
  intent_not_replicated: {
    means: 'No Redis replica acknowledged the intent in time, so nothing was sent.',
    action: wait,
  },
  stored_by_newer_version: {
    means: 'A newer version of tokenbus stored a record that this node cannot read. Newer nodes handle it.',
    action: wait,
  },
  taken_back: { means: 'The request was cancelled before it was sent.', action: wait },
  not_sent: { means: 'Nothing was sent.', action: wait },
} as const satisfies Record<string, ReasonText>
