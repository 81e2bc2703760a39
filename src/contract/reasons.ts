import { machineReasons, type ReasonText } from '../../machines/index.ts'
import { appReasons } from './app-reasons.ts'
import { grantReasons } from './grant-reasons.ts'
import { transientReasons } from './transient-reasons.ts'

/** Every reason that an account, an app or an event can have, once: docs/errors.md is made of these. */
export const reasons = {
  ...grantReasons,
  ...machineReasons,
  ...appReasons,
  ...transientReasons,
  internal_error: { ...machineReasons.internal_error, more: { log: 'see the log of the node' } },
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

/** A reason with what helps; `more` names one of its other actions. */
export function causedBy<R extends Reason>(reason: R, more?: More<R>): Cause {
  const { action, more: others }: ReasonText = reasons[reason]
  return { reason, action: (more === undefined ? undefined : others?.[more]) ?? action }
}

/** What a reason means; undefined for one of another version, or an operator's own word. */
export function explainReason(reason: string): ReasonText | undefined {
  return Object.hasOwn(reasons, reason) ? reasons[reason as Reason] : undefined
}
