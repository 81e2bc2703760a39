import { causedBy } from '../contract/reasons.ts'
import type { Dialect, ErrorRow } from './classified.ts'

/** Error codes of providers whose meaning deviates from RFC 6749 §5.2. */
export const dialects: Readonly<Partial<Record<string, Dialect>>> = {
  // Nobody can reconnect a service account, and nothing was lost: once the cause is gone the same key works again.
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
  // Publishes no table of errors; its words have spaces in them.
  mailRu: {
    words: new Map<string, ErrorRow>([['invalid_client', { class: 'P', ...causedBy('client_rejected') }]]),
    otherwise: { class: 'R', ...causedBy('grant_revoked') },
  },
}

/** An assertion whose times the provider does not believe (RFC 7523 §3): only a clock that is wrong brings it about. */
export const clockSkew: ErrorRow = {
  class: 'T',
  ...causedBy('clock_skew'),
  alarm: true,
}
