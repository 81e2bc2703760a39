import type { AccountContext, AccountEffect, AccountEvent, RefreshSend } from '../../machines/index.ts'
import type { Extra } from '../contract/account.ts'
import { maxExtra } from '../contract/fields.ts'
import type { AccountTokens, OpenedTokens, TokenFields } from './account-tokens.ts'
import type { Taken } from './actor.ts'
import type { TokenPair } from './sealed-tokens.ts'

/** Secrets and data that accompany an event but must not be part of it. */
export interface AccountSecrets {
  readonly tokens?: TokenPair
  readonly metadata?: unknown
  /** Merged with what is stored already. */
  readonly extra?: Extra | undefined
}

export type AccountStep = Taken<
  { value: unknown; context: AccountContext },
  AccountEvent,
  AccountEffect,
  AccountSecrets
>

/** The effects that are published. */
export type AccountAnnouncement = Extract<
  AccountEffect,
  {
    type:
      | 'token.refreshed'
      | 'token.invalid'
      | 'account.grant-expiring'
      | 'account.user-changed'
      | 'account.removed'
  }
>

/** The effects of a transition, sorted. */
export interface AccountWork {
  /** Fields of the record, saved with the state; null removes one. */
  readonly writes: TokenFields
  /** Saved with the state, in the outbox, and published from there. */
  readonly events: readonly AccountAnnouncement[]
  /** Performed once the save is certain. */
  readonly commands: readonly RefreshSend[]
  /** The current tokens, if the transition needed them in clear. */
  readonly current: OpenedTokens | null
}

/** Sorts a transition's effects into what is saved, published and performed. Runs again after a lost save. */
export function workOf(step: AccountStep, tokens: AccountTokens): AccountWork {
  const { extra, after } = step
  const writes: TokenFields = { user: after.context.user }
  const events: AccountAnnouncement[] = []
  const commands: RefreshSend[] = []
  let current: OpenedTokens | null = null
  if (extra?.metadata !== undefined) writes.metadata = JSON.stringify(extra.metadata)
  Object.assign(writes, extraAfter(step))
  for (const effect of step.effects) {
    switch (effect.type) {
      case 'tokens.store': {
        const stored = tokens.store(step, effect, extra?.tokens ?? {})
        Object.assign(writes, stored.fields)
        current = stored.current
        break
      }
      case 'tokens.keep-sibling':
        Object.assign(writes, tokens.keepSibling(step, extra?.tokens))
        break
      case 'tokens.reseal':
        Object.assign(writes, tokens.reseal(step.id, step.record))
        break
      case 'tokens.forget':
        Object.assign(writes, { c: null, 'c-': null, 'c~': null, f: null, metadata: null, extra: null })
        break
      case 'refresh.send':
        // An intent to use a token that this node cannot decrypt would look like a lost answer.
        current = tokens.open(step.id, step.record, effect.attempt.spend)
        commands.push(effect)
        break
      case 'token.refreshed':
      case 'token.invalid':
      case 'account.grant-expiring':
      case 'account.user-changed':
      case 'account.removed':
        events.push(effect)
        break
      default:
        effect satisfies never
    }
  }
  return { writes, events, commands, current }
}

/** New fields are merged with the stored ones; those of another grant are discarded. */
function extraAfter({ record, before, after, extra }: AccountStep): TokenFields {
  const came = { ...extra?.tokens?.extra, ...extra?.extra }
  const isSameGrant = before.context.grantId === after.context.grantId
  const { extra: known } = record.fields
  if (Object.keys(came).length === 0) return isSameGrant || known === undefined ? {} : { extra: null }
  const kept = isSameGrant && known !== undefined ? (JSON.parse(known) as Extra) : {}
  const all = Object.entries({ ...kept, ...came }).slice(-maxExtra)
  return { extra: JSON.stringify(Object.fromEntries(all)) }
}
