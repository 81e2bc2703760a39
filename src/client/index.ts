export { createEventFilter, type EventFilter } from '../contract/event-filter.ts'
export { connectTokens } from './connect-tokens.ts'
export { googleAuth } from './google-auth.ts'
export { graphAuth } from './graph-auth.ts'
export type {
  ConnectTokensOptions,
  FetchInit,
  GetOptions,
  Rejection,
  Token,
  TokenEvents,
  TokenInvalid,
  TokenRefreshed,
  Tokens,
} from './tokens.ts'
export { TokensError, type TokensErrorCode } from './tokens-error.ts'
