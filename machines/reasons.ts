/** What a reason means, and what to do. */
export interface ReasonText {
  /** What happened, in a sentence. */
  readonly means: string
  /** What to do, in a sentence. */
  readonly action: string
  /** Actions for special cases of the reason, by name; `{name}` in one is a value filled in when it is used. */
  readonly more?: Readonly<Record<string, string>>
}

const reconnect = 'ask the user to reconnect'

/** The reasons that the account's machine finds by itself; the others come with its events. */
export const machineReasons = {
  no_refresh_token: {
    means: 'The access token has expired, and there is no refresh token.',
    action: reconnect,
  },
  refresh_interrupted: {
    means:
      'The response to a refresh was lost, and the provider then refused the refresh token that had been sent.',
    action: reconnect,
  },
  token_rejected: {
    means: 'An API rejects the token, and the account cannot obtain another one.',
    action: 'ask the user to reconnect; if the token works after all, put the account again as it is',
  },
  testing_mode_expired: {
    means: 'The app is in testing mode at the provider, where grants end after a few days. Publish the app.',
    action: reconnect,
    more: { ahead: `publish the app at the provider; ${reconnect} before then` },
  },
  inactive: { means: 'The grant was unused for longer than the provider allows.', action: reconnect },
  consent_expired: {
    means: 'The grant has reached the end date that the provider set.',
    action: reconnect,
    more: { ahead: `${reconnect} before then` },
  },
  client_rejected: {
    means: "The provider rejects the app's credentials, or the app itself.",
    action: 'fix or rotate the client secret',
  },
  internal_error: {
    means:
      'New tokens arrived, but a bug in tokenbus prevents them from being stored. They are kept, sealed.',
    action: 'none for the account: its new tokens are kept; upgrade tokenbus, or report what its log says',
  },
  scopes_cut: {
    means: 'The provider granted more scopes than are listed. The token has them all.',
    action: 'none: the provider named more scopes, or longer ones, than are kept (256 of 512 bytes each)',
  },
} as const satisfies Record<string, ReasonText>
