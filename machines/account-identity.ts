/** Who signed in at the provider when the grant was given, in the provider's words. */
export interface Identity {
  /** `iss` of the ID token; null if there was none. */
  readonly issuer: string | null
  /** Microsoft's ids of the tenant and of the user in it; `sub` differs from one of its clients to the next. */
  readonly tid: string | null
  /** Microsoft's id of the user in the tenant. */
  readonly oid: string | null
  /** The address of that person. In a shared mailbox it is not that of the account's user. */
  readonly signedInAs: string | null
}
