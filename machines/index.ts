export { accountMachine } from './account.ts'
export * from './account-context.ts'
export type * from './account-effects.ts'
export type * from './account-events.ts'
export { waitsForApp } from './account-guards.ts'
export type { Identity } from './account-identity.ts'
export { secretAsInvalid } from './account-invalid.ts'
export type * from './account-resource.ts'
export type * from './account-settings.ts'
export { appMachine } from './app.ts'
export { admissionOf, type ProbeCandidate } from './app-admission.ts'
export {
  type AppContext,
  type AppError,
  type AppState,
  appStates,
  type Baseline,
  newApp,
  type Question,
} from './app-context.ts'
export { isBaselineConclusive } from './app-control.ts'
export type { AppEffect } from './app-effects.ts'
export { isDown, refusedAt } from './app-endpoints.ts'
export type { AppEvent, ClientRejected, Sent } from './app-events.ts'
export {
  fewestRefusals,
  fullyRefused,
  isEvidence,
  isGrantOnly,
  isRefusedToAll,
  isSingleGeneralRefusal,
  maxGrants,
} from './app-question.ts'
export { type Acceptance, isNewAcceptance } from './app-rules.ts'
export { grantEnd, isGrantEnding, wakesAt, warningAt } from './grant-end.ts'
export { machineReasons, type ReasonText } from './reasons.ts'
export type { RefusedEndpoint } from './refused-endpoint.ts'
export { type HeldToken, tokenFor } from './resources.ts'
export {
  isServed,
  isUsable,
  type Seen,
  type ServingDecision,
  servingDecision,
  type UnmetRequirements,
  unmetRequirements,
  type Want,
} from './serving.ts'
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
