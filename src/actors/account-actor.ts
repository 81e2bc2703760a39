import type { SnapshotFrom } from 'xstate'
import {
  type AccountEffect,
  type AccountEvent,
  type Attempt,
  accountMachine,
  wakesAt,
} from '../../machines/index.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { LeftEntries, Records, StoredRecord } from '../redis/records.ts'
import { createNames, type Names } from './account-aliases.ts'
import {
  type AccountAnnouncement,
  type AccountSecrets,
  type AccountStep,
  type AccountWork,
  workOf,
} from './account-effects.ts'
import { outboxEntries, stateOf } from './account-events.ts'
import { type AccountTokens, type AccountTokensOptions, createAccountTokens } from './account-tokens.ts'
import { type Actor, createActor, type Loaded, type Meeting } from './actor.ts'
import type { NewerForms } from './newer-forms.ts'

export type { AccountSecrets } from './account-effects.ts'

export type LoadedAccount = Loaded<SnapshotFrom<typeof accountMachine>>
export type AccountMeeting = Meeting<SnapshotFrom<typeof accountMachine>>

export interface AccountsOptions extends AccountTokensOptions {
  readonly records: Pick<Records, 'load' | 'save'>
  readonly clock: ClusterClock
  readonly newerForms: NewerForms
  readonly snapshotSchema?: (() => number) | undefined
  /** Runs before every save: invalidates this node's cache. */
  beforeSave(account: string): void
  afterSave(account: string, saved: LoadedAccount, left: LeftEntries | undefined): void
  send(request: { account: string; attempt: Attempt; saved: LoadedAccount }): void
  /** False for a disabled app: none of its accounts starts a refresh, whatever asks for one. */
  isEnabled?(app: string): Promise<boolean>
  onAnnounced?(account: string, announcement: AccountAnnouncement): void
  onLostSave?(account: string): void
}

export interface Accounts
  extends Actor<SnapshotFrom<typeof accountMachine>, AccountEvent, AccountEffect, AccountSecrets> {
  readonly openCurrent: AccountTokens['openCurrent']
  readonly open: AccountTokens['open']
  readonly names: Names
  /** Rewrites a record in an older format, or encrypted or signed with an older key; returns whether it did. */
  rewrite(account: string): Promise<boolean>
}

/** The account actors: the machine together with the encrypted tokens. */
export function createAccounts(options: AccountsOptions): Accounts {
  const tokens = createAccountTokens(options)
  const names = createNames(options.fingerprint)

  function namesOf({ record, effects, extra, after: { context } }: AccountStep): readonly string[] {
    if (context.grantId === null) return []
    const token = effects.some(({ type }) => type === 'tokens.store')
      ? extra?.tokens?.refreshToken
      : undefined
    return names.of({ context, token, known: record.names })
  }

  const actor = createActor<typeof accountMachine, AccountEvent, AccountEffect, AccountSecrets, AccountWork>({
    kind: 'account',
    machine: accountMachine,
    input: (account) => ({ account }),
    records: options.records,
    clock: options.clock,
    newerForms: options.newerForms,
    snapshotSchema: options.snapshotSchema,
    plan(step) {
      const { context } = step.after
      const work = workOf(step, tokens)
      const saving = {
        generation: context.generation,
        state: stateOf(step.after),
        wakeAt: wakesAt(context),
        app: context.grantId === null ? null : context.app,
        names: namesOf(step),
        fields: work.writes as StoredRecord['fields'] & AccountWork['writes'],
        outbox: outboxEntries({ ...step, version: step.record.version + 1 }, work.events),
        tombstone: context.grantId === null,
      }
      return { saving, work }
    },
    async mayTake({ before, after, effects }) {
      // An attempt in flight ends by itself, with its outcome recorded.
      const starts = before.value !== 'refreshing' && effects.some(({ type }) => type === 'refresh.send')
      return !starts || (await options.isEnabled?.(after.context.app)) !== false
    },
    beforeSave: options.beforeSave,
    perform(outcome, { id: account, work: { events, commands, current }, left }) {
      if (current !== null) tokens.remember(outcome.record, current)
      options.afterSave(account, outcome, left)
      for (const { attempt } of commands) options.send({ account, attempt, saved: outcome })
      for (const announcement of events) options.onAnnounced?.(account, announcement)
    },
    ...(options.onLostSave && { onLostSave: options.onLostSave }),
  })

  return {
    ...actor,
    openCurrent: tokens.openCurrent,
    open: tokens.open,
    names,
    async rewrite(account) {
      const { taken } = await actor.receive(account, ({ at, eventId: id, record }) =>
        actor.isStale(record) || tokens.isStale(record) ? { event: { type: 'keys.rotated', at, id } } : null,
      )
      return taken
    },
  }
}
