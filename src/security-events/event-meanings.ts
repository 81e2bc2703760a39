import { type Cause, causedBy } from '../contract/reasons.ts'

/** How a security event affects an account. */
export type Meaning =
  /** The grant has ended, or is parked until the user acts. */
  | ({ readonly does: 'end'; readonly class: 'A' | 'S' } & Cause)
  /** The grant may have ended, or the token's claims are outdated: refresh, and treat a refusal as the end. */
  | { readonly does: 'replace' }
  /** The reason the grant was parked may be gone: probe it. */
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
 * Keyed by `<URI> <reason>`, then by the event's URI. Sources: OpenID RISC Profile §2, OpenID CAEP §3,
 * developers.google.com/identity/protocols/risc#supported_event_types. Other events do not affect a grant.
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
