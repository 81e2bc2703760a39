export { createEventFilter, type EventFilter } from '../bus/event-filter.ts'
export { googleAuth } from './google-auth.ts'
export { graphAuth } from './graph-auth.ts'
export {
  type ConnectTokensOptions,
  connectTokens,
  type FetchInit,
  type GetOptions,
  type Rejection,
  type Token,
  type TokenEvents,
  type Tokens,
} from './tokens.ts'
export { TokensError, type TokensErrorCode } from './tokens-error.ts'
