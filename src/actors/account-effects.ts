import type { AccountContext, AccountEffect, AccountEvent, RefreshSend } from '../../machines/index.ts'
import type { AccountTokens, TokenFields } from './account-tokens.ts'
import type { Taken } from './actor.ts'
import type { TokenPair } from './sealed-tokens.ts'

/** What comes with an event and must not be in it. */
export interface AccountSecrets {
  readonly tokens?: TokenPair
  readonly metadata?: unknown
}

export type AccountStep = Taken<
  { value: unknown; context: AccountContext },
  AccountEvent,
  AccountEffect,
  AccountSecrets
>

/** What the world hears of a transition. */
export type AccountAnnouncement = Extract<
  AccountEffect,
  { type: 'token.refreshed' | 'token.invalid' | 'account.grant-expiring' | 'account.removed' }
>

/** What a transition wants done. */
export interface AccountWork {
  /** Fields of the record, saved with the state; null removes one. */
  readonly writes: TokenFields
  /** Saved with the state, in the outbox, and published from there. */
  readonly events: readonly AccountAnnouncement[]
  /** Carried out once the save is certain. */
  readonly commands: readonly RefreshSend[]
}

/** Sorts a transition's effects into what is saved, announced and carried out. Runs again when a save was lost. */
export function workOf(step: AccountStep, tokens: AccountTokens): AccountWork {
  const { extra, after } = step
  const writes: TokenFields = { user: after.context.user }
  const events: AccountAnnouncement[] = []
  const commands: RefreshSend[] = []
  if (extra?.metadata !== undefined) writes.metadata = JSON.stringify(extra.metadata)
  for (const effect of step.effects) {
    switch (effect.type) {
      case 'tokens.store':
        Object.assign(writes, tokens.store(step, effect, extra?.tokens ?? {}))
        break
      case 'tokens.keep-sibling':
        Object.assign(writes, tokens.keepSibling(step, extra?.tokens))
        break
      case 'tokens.reseal':
        Object.assign(writes, tokens.reseal(step.id, step.record))
        break
      case 'tokens.forget':
        Object.assign(writes, { c: null, 'c-': null, 'c~': null, f: null, metadata: null })
        break
      case 'refresh.send':
        // An intent to spend what this node cannot open would only be taken for a lost answer.
        tokens.assertReadable(step.id, step.record, effect.attempt.spend)
        commands.push(effect)
        break
      case 'token.refreshed':
      case 'token.invalid':
      case 'account.grant-expiring':
      case 'account.removed':
        events.push(effect)
        break
      default:
        effect satisfies never
    }
  }
  return { writes, events, commands }
}
