/** An OAuth client as registered at its provider. */
export interface StandInClient {
  readonly id: string
  readonly redirectUris: readonly string[]
  /** By `grant_type`. */
  readonly grants: readonly string[]
}

export const redirectUri = 'http://127.0.0.1/oauth'

/** A client with a redirect URI. */
export function webClient(id: string, ...moreGrants: string[]): StandInClient {
  return {
    id,
    redirectUris: [redirectUri],
    grants: ['authorization_code', 'refresh_token', ...moreGrants],
  }
}
