export interface Problem {
  /** Of the page. */
  readonly status: number
  /** Goes to the caller beside the word, as `error_description`. */
  readonly description: string
  /** Does the page lead to the provider once more? */
  readonly again?: true
}

/**
 * Why a consent came to nothing, by the word that goes to the caller's `redirectUrl` as `error`. The page's sentences are
 * `consent.<word>.title` and `.text` of the language files.
 */
export const problems = {
  unknown_request: { status: 400, description: 'the address was used, is too old, or is not from here' },
  other_browser: { status: 400, description: 'the consent was begun in another browser', again: true },
  under_way: { status: 503, description: 'the consent is still being finished' },
  unknown_app: { status: 400, description: 'the app is not there any more' },
  access_denied: { status: 400, description: 'the user refused', again: true },
  missing_scopes: { status: 400, description: 'the user left out permissions that are needed', again: true },
  no_refresh_token: { status: 400, description: 'the provider gave no refresh token', again: true },
  callback_rejected: {
    status: 400,
    description: 'what came back does not answer what was asked',
    again: true,
  },
  identity_mismatch: {
    status: 403,
    description: 'another user signed in than the one whose account it is',
    again: true,
  },
  provider_unavailable: { status: 503, description: 'the provider does not answer', again: true },
  not_stored: { status: 400, description: 'the grant could not be stored', again: true },
} as const satisfies Readonly<Record<string, Problem>>

export type ConsentProblem = keyof typeof problems
export const problemOf = (word: ConsentProblem): Problem => problems[word]
