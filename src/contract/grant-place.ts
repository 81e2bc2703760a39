/** Where a grant last worked. Kept with its tokens, because it decides where they are sent. */
export interface GrantPlace {
  readonly clientId: string
  readonly tenant?: string
  readonly issuer?: string
  /** Absent where it was not discovered yet. */
  readonly tokenEndpoint?: string
  /** Where it is refreshed, if that is an endpoint of its own. */
  readonly refreshEndpoint?: string
  readonly revocationOrigin?: string
}
