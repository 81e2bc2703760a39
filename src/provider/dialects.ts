import { causedBy } from '../contract/reasons.ts'
import type { Dialect, ErrorRow } from './classified.ts'

/** Error codes of providers whose meaning deviates from RFC 6749 §5.2. */
export const dialects: Readonly<Partial<Record<string, Dialect>>> = {
  // A service account cannot be reconnected: once the cause is fixed, the same key works again.
  gmailService: {
    words: new Map<string, ErrorRow>([
      ['invalid_grant', { class: 'S', ...causedBy('assertion_rejected') }],
      [
        'unauthorized_client',
        {
          class: 'P',
          ...causedBy('delegation_missing'),
        },
      ],
      [
        'invalid_request',
        {
          class: 'C',
          ...causedBy('bad_service_account'),
        },
      ],
    ]),
  },
  // Publishes no list of error codes; they contain spaces.
  mailRu: {
    words: new Map<string, ErrorRow>([['invalid_client', { class: 'P', ...causedBy('client_rejected') }]]),
    otherwise: { class: 'R', ...causedBy('grant_revoked') },
  },
}

/** The provider rejects the times of an assertion (RFC 7523 §3), which only a clock difference can cause. */
export const clockSkew: ErrorRow = {
  class: 'T',
  ...causedBy('clock_skew'),
  alarm: true,
}
