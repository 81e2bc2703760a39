/** What a reason says, and what helps. */
export interface ReasonText {
  readonly means: string
  readonly action: string
  /** Other actions, where more is known than the reason says. */
  readonly more?: Readonly<Record<string, string>>
}

const reconnect = 'ask the user to reconnect'

/** The reasons that the account's machine finds by itself; the others come with its events. */
export const machineReasons = {
  no_refresh_token: {
    means: 'The access token has run out, and there is no refresh token to replace it with.',
    action: reconnect,
  },
  refresh_interrupted: {
    means: 'The answer to a refresh was lost, and the provider then refused the token that had been sent.',
    action: reconnect,
  },
  token_rejected: {
    means: 'An API refuses the token, and the account has no way to get another one.',
    action: 'ask the user to reconnect; if the token works after all, put the account again as it is',
  },
  testing_mode_expired: {
    means: 'The app is in testing at the provider, where a grant ends after a few days. Publish the app.',
    action: reconnect,
  },
  inactive: { means: 'The grant lay unused for longer than the provider allows.', action: reconnect },
  consent_expired: { means: 'The consent has reached the end that the provider gave it.', action: reconnect },
  client_rejected: {
    means: "The provider rejects the app's credentials, or the app itself.",
    action: 'fix or rotate the client secret',
  },
  internal_error: {
    means: 'New tokens came, and a fault of tokenbus keeps them from being stored. They are kept sealed.',
    action: 'none for the account: its new tokens are kept; upgrade tokenbus, or report what its log says',
  },
  scopes_cut: {
    means: 'The provider granted more scopes than are listed. The token has them all.',
    action: 'none: the provider named more scopes, or longer ones, than are kept (256 of 512 bytes each)',
  },
} as const satisfies Record<string, ReasonText>
