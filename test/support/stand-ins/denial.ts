import OAuth2Server from '@node-oauth/oauth2-server'

/** A refusal of a provider, exactly as sent. */
export interface Denial {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: { readonly error: string; readonly [field: string]: unknown }
}

/** A refusal in the form that the OAuth library passes on. */
export class Denied extends OAuth2Server.OAuthError {
  readonly denial: Denial
  constructor(denial: Denial) {
    super(denial.body.error, { code: denial.status, name: denial.body.error })
    this.denial = denial
  }
}

export function denyWith(denial: Denial | undefined): void {
  if (denial !== undefined) throw new Denied(denial)
}
