export { accountMachine } from './account.ts'
export * from './account-context.ts'
export type * from './account-effects.ts'
export type * from './account-events.ts'
export { waitsForApp } from './account-guards.ts'
export { appMachine } from './app.ts'
export {
  type AppContext,
  type AppEffect,
  type AppError,
  type AppEvent,
  type AppState,
  newApp,
} from './app-context.ts'
export { isSuspended, isUnanswered } from './app-rules.ts'
export { grantEnd, isGrantEnding, wakesAt, warningAt } from './grant-end.ts'
export { type HeldToken, tokenFor } from './resources.ts'
export { isServed, isUsable, type Seen, type Verdict, verdictFor, type Want } from './serving.ts'
export {
  asOfSchema,
  fromRecordedEvent,
  fromStored,
  SnapshotError,
  type StoredSnapshot,
  snapshotSchema,
  step,
  toStored,
} from './stored.ts'
export * from './time-rules.ts'
