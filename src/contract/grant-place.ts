/** The endpoints and client with which a grant last worked. Stored with its tokens, because it decides where they are sent. */
export interface GrantPlace {
  readonly clientId: string
  readonly tenant?: string
  readonly issuer?: string
  /** Absent if it has not been discovered yet. */
  readonly tokenEndpoint?: string
  /** The endpoint for refreshes, if it differs from the token endpoint. */
  readonly refreshEndpoint?: string
  readonly revocationOrigin?: string
}
