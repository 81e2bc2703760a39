import { machineReasons, type ReasonText } from '../../machines/index.ts'
import { appReasons } from './app-reasons.ts'
import { grantReasons } from './grant-reasons.ts'
import { transientReasons } from './transient-reasons.ts'

/** Every reason that an account, an app or an event can have. docs/errors.md is generated from these. */
export const reasons = {
  ...grantReasons,
  ...machineReasons,
  ...appReasons,
  ...transientReasons,
  internal_error: { ...machineReasons.internal_error, more: { log: 'see the log of the node' } },
  token_rejected: {
    ...machineReasons.token_rejected,
    more: { heldBack: 'wait for retryAfter; if the new token is rejected too, ask the user to reconnect' },
  },
  client_rejected: {
    ...machineReasons.client_rejected,
    more: {
      registerAgain: 'register the app at the provider again',
      enable: 'enable the app at the provider',
    },
  },
} as const satisfies Record<string, ReasonText>

export type Reason = keyof typeof reasons

type More<R extends Reason> = (typeof reasons)[R] extends { readonly more: infer M }
  ? keyof M & string
  : never

export interface Cause {
  readonly reason: Reason
  readonly action: string
}

/** A reason with its action; `more` selects one of its other actions. */
export function causedBy<R extends Reason>(reason: R, more?: More<R>): Cause {
  const { action, more: others }: ReasonText = reasons[reason]
  return { reason, action: (more === undefined ? undefined : others?.[more]) ?? action }
}

/** Replaces each `{name}` in the action. */
export function withValues(cause: Cause, values: Readonly<Record<string, string>>): Cause {
  return { ...cause, action: cause.action.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all) }
}

/** The catalogue's entry for a reason; undefined for one of another version, or an operator's own. */
export function explainReason(reason: string): ReasonText | undefined {
  return Object.hasOwn(reasons, reason) ? reasons[reason as Reason] : undefined
}
