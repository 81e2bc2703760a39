import type { ReasonText } from '../../machines/index.ts'

const wait = 'wait'
const between = 'wait; if it lasts, see what stands between here and the provider'

/** What passes by itself (class T), though some of it only once somebody has looked. */
export const transientReasons = {
  provider_unavailable: { means: 'The provider cannot answer at the moment, and says so.', action: wait },
  throttled: { means: 'The provider wants to be asked less often.', action: wait },
  connection_refused: { means: 'Nothing listens where the provider should be.', action: wait },
  connection_failed: { means: 'No connection to the provider could be made.', action: wait },
  connect_timeout: { means: 'The provider could not be connected to in time.', action: wait },
  unreachable: { means: 'The network has no way to the provider.', action: wait },
  dns_failure: { means: "The provider's name could not be resolved.", action: wait },
  tls_failure: {
    means: "The provider's certificate is not accepted, or TLS failed.",
    action: wait,
    more: {
      authority:
        "name the file of its certificate's authority in NODE_EXTRA_CA_CERTS, and start tokenbus again",
    },
  },
  proxy_failed: {
    means: 'The forward proxy did not let the request through.',
    action: 'wait; if it lasts, check HTTPS_PROXY and what that proxy lets through',
  },
  connection_lost: { means: 'The connection ended before there was an answer.', action: wait },
  answer_timeout: { means: 'The provider did not answer in time.', action: wait },
  unreadable_answer: { means: 'What came back is no answer of a token endpoint.', action: between },
  no_token_in_answer: { means: 'The provider answered with success, and without a token.', action: between },
  discovery_failed: {
    means: "The provider's metadata could not be read.",
    action: 'wait; if it lasts, check the issuer of the app',
  },
  loop_detected: {
    means: 'The provider sees the same request too often.',
    action: 'find the caller that requests this account in a loop',
  },
  clock_skew: {
    means: "The provider does not believe the time that was signed: this machine's clock is wrong.",
    action: "set the clock of tokenbus's machine",
  },
  unknown_error: {
    means: 'The provider refused with an unknown error code.',
    action: wait,
    more: { settings: 'check the settings of the app' },
  },
  client_in_question: {
    means: "It is being found out whether the grant or the app's credentials are refused.",
    action: wait,
  },
  too_late_to_send: { means: 'The request could not leave in time and was dropped unsent.', action: wait },
  too_many_at_once: {
    means: 'As many requests as the provider may be sent at once are under way; this one was dropped unsent.',
    action: wait,
  },
  intent_not_replicated: {
    means: 'No replica of Redis has confirmed the intent in time, and nothing was sent.',
    action: wait,
  },
  stored_by_newer_version: {
    means: 'A newer version of tokenbus has stored what this node cannot read. Newer nodes go on with it.',
    action: wait,
  },
  taken_back: { means: 'The request was taken back before it left.', action: wait },
  not_sent: { means: 'Nothing was sent.', action: wait },
} as const satisfies Record<string, ReasonText>
