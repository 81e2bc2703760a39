import type { SnapshotFrom } from 'xstate'
import {
  type AccountContext,
  type AccountEffect,
  type AccountEvent,
  type Attempt,
  accountMachine,
  type TokensStore,
  wakesAt,
} from '../../machines/index.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { Secret } from '../common/secret.ts'
import type { GrantPlace } from '../contract/grant-place.ts'
import type { Records, StoredRecord } from '../redis/records.ts'
import { createNames } from './account-aliases.ts'
import { announcements, stateOf } from './account-events.ts'
import { createActor, type Loaded, type Meeting, type Taken } from './actor.ts'
import type { NewerForms } from './newer-forms.ts'
import type { OperatorLog } from './operator-log.ts'
import { tokenMarks } from './refresh-token-fingerprints.ts'
import { type SealedTokens, slotOf, type TokenPair } from './sealed-tokens.ts'

/** What comes with an event and must not be in it. */
export interface AccountSecrets {
  readonly tokens?: TokenPair
  readonly metadata?: unknown
}

export type LoadedAccount = Loaded<SnapshotFrom<typeof accountMachine>>
export type AccountMeeting = Meeting<SnapshotFrom<typeof accountMachine>>

export interface AccountsOptions {
  readonly records: Pick<Records, 'load' | 'save'>
  readonly clock: ClusterClock
  readonly newerForms: NewerForms
  readonly snapshotSchema?: (() => number) | undefined
  readonly sealed: SealedTokens
  readonly fingerprint: (mark: { account: string; token: Secret }) => string
  /** Runs before every save: whatever this node would answer from memory is no longer sure. */
  beforeSave(account: string): void
  afterSave(account: string, saved: LoadedAccount): void
  send(request: { account: string; attempt: Attempt; saved: LoadedAccount }): void
  onLostSave?(account: string): void
  readonly onInvalid?: OperatorLog['accountInvalid']
  readonly onGrantExpiring?: OperatorLog['grantExpiring']
}

const slots = ['c', 'c-', 'c~'] as const

type Step = Taken<{ value: unknown; context: AccountContext }, AccountEvent, AccountEffect, AccountSecrets>

export type Accounts = ReturnType<typeof createAccounts>

/** The account actors: the machine, and where its secrets are kept. */
export function createAccounts(options: AccountsOptions) {
  const { records, clock, sealed, fingerprint } = options
  const names = createNames(fingerprint)

  function fieldsOf({
    id,
    record,
    effects,
    extra,
    after,
  }: Step): StoredRecord['fields'] & Record<string, string | null> {
    const fields: Record<string, string | null> = { user: after.context.user }
    if (extra?.metadata !== undefined) fields.metadata = JSON.stringify(extra.metadata)
    for (const effect of effects) {
      if (effect.type === 'tokens.forget')
        Object.assign(fields, { c: null, 'c-': null, 'c~': null, f: null, metadata: null })
      if (effect.type === 'tokens.reseal') Object.assign(fields, resealed(id, record))
      if (effect.type === 'tokens.store')
        Object.assign(fields, storeTokens({ id, record, after }, effect, extra?.tokens ?? {}))
      if (effect.type === 'tokens.keep-sibling' && extra?.tokens !== undefined) {
        const { generation } = after.context
        fields['c~'] = sealed.seal(extra.tokens, { account: id, generation, slot: 'c~' })
        fields.f = remember(id, record, { ...extra.tokens, fromOutside: false })
      }
    }
    return fields as never
  }

  function storeTokens(
    { id: account, record, after }: Pick<Step, 'id' | 'record' | 'after'>,
    { generation, newGrant, resource }: TokensStore,
    tokens: TokenPair,
  ): Record<string, string | null> {
    const current = openCurrent(account, record)
    const kept = newGrant ? null : current
    // RFC 6749 §6: an answer without a refresh token leaves the old one in force.
    const refreshToken = tokens.refreshToken ?? kept?.refreshToken
    const rotated = tokens.refreshToken !== undefined && !newGrant
    const accessToken = resource === null ? tokens.accessToken : kept?.accessToken
    const came =
      resource === null || tokens.accessToken === undefined ? {} : { [resource]: tokens.accessToken }
    const place = placeAfter(tokens.place, kept?.place)
    const known = new Set(after.context.resources.map(({ key }) => key))
    const resources = Object.fromEntries(
      Object.entries({ ...kept?.resources, ...came }).filter(([key]) => known.has(key)),
    )
    return {
      c: sealed.seal({ accessToken, refreshToken, resources, place }, { account, generation, slot: 'c' }),
      'c-':
        rotated && current !== null
          ? sealed.seal(
              { refreshToken: current.refreshToken, place: current.place },
              { account, generation, slot: 'c-' },
            )
          : null,
      'c~': null,
      f: remember(account, record, { ...tokens, fromOutside: newGrant }),
    }
  }

  function namesOf({ record, effects, extra, after: { context } }: Step): readonly string[] {
    if (context.grantId === null) return []
    const token = effects.some(({ type }) => type === 'tokens.store')
      ? extra?.tokens?.refreshToken
      : undefined
    return names.of({ context, token, known: record.names })
  }

  const staleSlots = ({ fields }: StoredRecord) =>
    slots.filter((slot) => fields[slot] !== undefined && sealed.isStale(fields[slot]))

  function resealed(account: string, record: StoredRecord): Record<string, string> {
    const { generation, fields } = record
    return Object.fromEntries(
      staleSlots(record).map((slot) => {
        const exact = slot === 'c' ? { generation } : {}
        const tokens = sealed.open(fields[slot] as string, { account, slot, ...exact })
        return [slot, sealed.seal(tokens, { account, generation, slot })]
      }),
    )
  }

  function openSlot(account: string, record: StoredRecord, slot: (typeof slots)[number]): TokenPair | null {
    const text = record.fields[slot]
    if (text === undefined) return null
    const exact = slot === 'c' ? { generation: record.generation } : {}
    const open = () => sealed.open(text, { account, slot, ...exact })
    return options.newerForms.reading({ kind: 'account', id: account }, record, open)
  }

  const openCurrent = (account: string, record: StoredRecord) => openSlot(account, record, 'c')

  /** An intent to spend what this node cannot open would only be taken for a lost answer. */
  function assertSpendable({ id, record, effects }: Step): void {
    for (const effect of effects)
      if (effect.type === 'refresh.send') openSlot(id, record, slotOf[effect.attempt.spend])
  }

  function remember(
    account: string,
    { fields }: StoredRecord,
    { refreshToken, fromOutside }: TokenPair & { fromOutside: boolean },
  ): string | null {
    if (refreshToken === undefined) return fields.f ?? null
    return tokenMarks.add(fields.f, { mark: fingerprint({ account, token: refreshToken }), fromOutside })
  }

  const actor = createActor<typeof accountMachine, AccountEvent, AccountEffect, AccountSecrets>({
    kind: 'account',
    machine: accountMachine,
    input: (account) => ({ account }),
    records,
    clock,
    newerForms: options.newerForms,
    snapshotSchema: options.snapshotSchema,
    prepare(step) {
      assertSpendable(step)
      const { context } = step.after
      return {
        generation: context.generation,
        state: stateOf(step.after),
        wakeAt: wakesAt(context),
        app: context.grantId === null ? null : context.app,
        names: namesOf(step),
        fields: fieldsOf(step),
        outbox: announcements({ ...step, version: step.record.version + 1 }),
        tombstone: context.grantId === null,
      }
    },
    beforeSave: options.beforeSave,
    perform(outcome, account) {
      options.afterSave(account, outcome)
      for (const effect of outcome.effects) {
        if (effect.type === 'refresh.send') options.send({ account, attempt: effect.attempt, saved: outcome })
        if (effect.type === 'token.invalid') options.onInvalid?.(account, effect)
        if (effect.type === 'account.grant-expiring') options.onGrantExpiring?.(account, effect)
      }
    },
    ...(options.onLostSave && { onLostSave: options.onLostSave }),
  })

  return {
    ...actor,
    openCurrent,
    names,
    /** Saves anew what is in an older form, or was sealed or signed with an older key; answers whether it was. */
    async rewrite(account: string): Promise<boolean> {
      const { taken } = await actor.receive(account, ({ at, eventId: id, record }) =>
        actor.isStale(record) || staleSlots(record).length > 0
          ? { event: { type: 'keys.rotated', at, id } }
          : null,
      )
      return taken
    },
  }
}

/** What revokes a grant is settled when the grant is put: a refresh elsewhere says nothing about it. */
function placeAfter(place: GrantPlace | undefined, kept: GrantPlace | undefined): GrantPlace | undefined {
  if (place === undefined || kept?.revocationOrigin === undefined) return place ?? kept
  return { ...place, revocationOrigin: kept.revocationOrigin }
}
