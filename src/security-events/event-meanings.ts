import { type Cause, causedBy } from '../contract/reasons.ts'

/** What to make of an event about a person or a token. */
export type Meaning =
  /** The grant has ended, or is parked until a person acts. */
  | ({ readonly does: 'end'; readonly class: 'A' | 'S' } & Cause)
  /** The grant may have ended, or its token may say too much: the token is replaced, and if that is refused we know. */
  | { readonly does: 'replace' }
  /** What parked the grant may be over. */
  | { readonly does: 'retry' }
  | { readonly does: 'nothing' }

const ended = (cause: Cause): Meaning => ({ does: 'end', class: 'A', ...cause })
const parked = (cause: Cause): Meaning => ({ does: 'end', class: 'S', ...cause })
const replace: Meaning = { does: 'replace' }
const nothing: Meaning = { does: 'nothing' }

const oauth = 'https://schemas.openid.net/secevent/oauth/event-type/'
const risc = 'https://schemas.openid.net/secevent/risc/event-type/'
const caep = 'https://schemas.openid.net/secevent/caep/event-type/'
const ssf = 'https://schemas.openid.net/secevent/ssf/event-type/'

/**
 * By the URI of the event; where an event has reasons that differ, by `<URI> <reason>` first. Sources: OpenID RISC Profile
 * §2, OpenID CAEP §3, developers.google.com/identity/protocols/risc#supported_event_types. What is not here means nothing to a grant.
 */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  [`${oauth}token-revoked`, ended(causedBy('grant_revoked'))],
  [`${oauth}tokens-revoked`, ended(causedBy('grant_revoked'))],
  [`${risc}account-purged`, ended(causedBy('user_not_found'))],
  [`${risc}account-disabled hijacking`, ended(causedBy('account_hijacked'))],
  [`${risc}account-disabled`, parked(causedBy('user_disabled', 'byUser'))],
  [`${risc}account-enabled`, { does: 'retry' }],
  [`${risc}account-credential-change-required`, replace],
  [`${risc}sessions-revoked`, replace],
  [`${caep}session-revoked`, replace],
  [`${caep}credential-change`, replace],
  [`${caep}token-claims-change`, replace],
  [`${caep}assurance-level-change`, replace],
  [`${caep}device-compliance-change`, replace],
  [`${risc}verification`, nothing],
  [`${ssf}verification`, nothing],
  [`${ssf}stream-updated`, nothing],
])

export function meaningOf({ type, reason }: { type: string; reason?: string | undefined }): Meaning {
  return meanings.get(`${type} ${reason}`) ?? meanings.get(type) ?? nothing
}
