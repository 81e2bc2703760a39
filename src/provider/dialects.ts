import type { Dialect, ErrorRow } from './classified.ts'

const key = "check that the user exists and that the service account's key has not been removed"

/** The words of single providers, where they mean something else than RFC 6749 §5.2. */
export const dialects: Readonly<Partial<Record<string, Dialect>>> = {
  // Nobody can reconnect a service account, and nothing was lost: once the cause is gone the same key works again.
  gmailService: {
    words: new Map<string, ErrorRow>([
      ['invalid_grant', { class: 'S', reason: 'assertion_rejected', action: key }],
      [
        'unauthorized_client',
        {
          class: 'P',
          reason: 'delegation_missing',
          action:
            "ask the domain's administrator for domain-wide delegation to the service account, with these scopes",
        },
      ],
      [
        'invalid_request',
        {
          class: 'C',
          reason: 'bad_service_account',
          action: "compare clientId and serviceKey, and the account's user",
        },
      ],
    ]),
  },
  // Publishes no table of errors; its words have spaces in them.
  mailRu: {
    words: new Map<string, ErrorRow>([
      [
        'invalid_client',
        { class: 'P', reason: 'client_rejected', action: 'fix or rotate the client secret' },
      ],
    ]),
    otherwise: { class: 'R', reason: 'grant_revoked', action: 'ask the user to reconnect' },
  },
}

/** An assertion whose times the provider does not believe (RFC 7523 §3): only a clock that is wrong brings it about. */
export const clockSkew: ErrorRow = {
  class: 'T',
  reason: 'clock_skew',
  action: "set the clock of tokenbus's machine",
  alarm: true,
}
