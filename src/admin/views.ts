import { type AccountContext, type AccountState, grantEnd, secretAsInvalid } from '../../machines/index.ts'
import type { LoadedAccount } from '../actors/account-actor.ts'
import type { App } from '../actors/app-actor.ts'
import { revisionOf } from '../actors/if-version.ts'
import type { AccountView } from '../contract/account.ts'
import type { AppView } from '../contract/app.ts'
import { expiryText } from '../contract/expiry.ts'
import { accountNotFound, ok, type Result } from '../contract/failures.ts'
import { causedBy } from '../contract/reasons.ts'
import type { AppConfig } from '../provider/app-config.ts'
import { newerInPreset } from '../provider/app-settings.ts'
import { missingScopes } from '../provider/scopes.ts'
import type { Revision } from '../redis/records.ts'

const iso = (at: number) => new Date(at).toISOString()
const isoOrNull = (at: number | null) => (at === null || at === 0 ? null : iso(at))

/** Why tokens of a disabled app's accounts are not answered; none of it is stored with the account. */
const disabledAsInvalid = {
  ...causedBy('app_disabled', 'here'),
  class: 'P',
  recoverable: true,
  inferred: false,
} as const

export interface AccountSeen {
  readonly account: string
  readonly record: Revision
  readonly state: AccountState
  readonly context: AccountContext
  readonly metadata: string | undefined
  readonly extra: string | undefined
  readonly config: AppConfig | null
}

/** The view of an account for operators, without secrets. */
export function accountView({
  account,
  record,
  state,
  context,
  config,
  ...fields
}: AccountSeen): AccountView {
  const { lastError, params } = context
  const ofApp = config?.enabled === false ? disabledAsInvalid : null
  const invalid = context.invalid ?? ofApp ?? (state === 'secret-expired' ? secretAsInvalid(context) : null)
  const signedInAs = context.identity?.signedInAs
  const { metadata, extra } = fields
  const grantExpires = grantEnd(context)
  return {
    account,
    user: context.user,
    ...(context.subject !== null && { subject: context.subject }),
    ...(signedInAs != null && { signedInAs }),
    app: context.app,
    provider: context.provider,
    state,
    version: record.version,
    revision: revisionOf(record),
    generation: context.tokenGeneration,
    expires: context.expiresAt === 0 ? null : expiryText(context.expiresAt),
    registeredScopes: context.scopes,
    missingScopes: config === null ? [] : missingScopes({ config, granted: context.scopes }),
    policy: context.policy,
    ...(grantExpires !== null && { grantExpires: iso(grantExpires) }),
    since: iso(context.since),
    lastRefreshedAt: isoOrNull(context.lastRefreshedAt),
    nextAttemptAt: isoOrNull(context.wakeAt),
    ...(invalid && {
      reason: invalid.reason,
      class: invalid.class,
      recoverable: invalid.recoverable,
      action: invalid.action,
      ...(invalid.inferred && { inferred: true }),
    }),
    ...(lastError && { lastError: { ...lastError, at: iso(lastError.at) } }),
    ...(metadata !== undefined && { metadata: JSON.parse(metadata) }),
    ...(Object.keys(params).length > 0 && { params }),
    ...(extra !== undefined && { extra: JSON.parse(extra) }),
  }
}

/** The view of a loaded account; `account_not_found` if it has no grant. */
export function viewOf(
  account: string,
  { record, snapshot }: Pick<LoadedAccount, 'record' | 'snapshot'>,
  config: AppConfig | null,
): Result<AccountView> {
  const { context } = snapshot
  if (context.grantId === null) return accountNotFound(account)
  const { metadata, extra } = record.fields
  return ok(
    accountView({ account, record, state: snapshot.value as AccountState, context, metadata, extra, config }),
  )
}

export function appView(app: App & { config: AppConfig }): AppView {
  const { context, secrets, state, record } = app
  const isOfTokens = context.question !== null || state === 'secret-expired'
  const lastError = (isOfTokens ? null : context.consentFault) ?? context.lastError ?? context.consentFault
  const { pinned, preset: _, ...config } = app.config
  const newerPreset = newerInPreset(app.config)
  const statuses = new Map(context.secrets.map((status) => [status.id, status]))
  return {
    ...config,
    app: config.app,
    enabled: config.enabled !== false,
    version: record.version,
    revision: revisionOf(record),
    state,
    provider: config.provider,
    clientId: config.clientId,
    secrets: secrets.map(({ id, expiresAt }) => ({
      id,
      secret: '***',
      rejected: statuses.get(id)?.rejected ?? false,
      ...(expiresAt !== null && { expiresAt: iso(expiresAt) }),
    })),
    since: iso(context.since),
    ...(pinned?.tokenOrigin !== undefined && { discoveredAt: pinned.tokenOrigin }),
    ...(pinned?.moves && { grantsMayMoveTo: pinned.moves.to }),
    ...(newerPreset.length > 0 && { newerPreset }),
    ...((context.question ?? context.consentFault) && { inQuestion: true }),
    ...(lastError && { lastError }),
  }
}
