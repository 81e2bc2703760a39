import type { Behaviour } from './behaviour.ts'
import { millisecondsIn, type Span } from './clock.ts'
import type { Denial } from './denial.ts'
import type { Grant, Grants } from './grants.ts'

interface Ends {
  readonly after: Span
  readonly with: Denial
  /** Which grants; all by default. */
  readonly only?: (grant: Grant) => boolean
}

/** An unused grant expires. */
export function idleLimit(ends: Ends): Behaviour {
  return { spends: ({ grant, now }) => past(ends, grant, now - grant.usedAt) }
}

/** A grant goes however much it is used. */
export function ageLimit(ends: Ends): Behaviour {
  return { spends: ({ grant, now }) => past(ends, grant, now - grant.grantedAt) }
}

function past(
  { after, with: denial, only = () => true }: Ends,
  grant: Grant,
  age: number,
): Denial | undefined {
  return only(grant) && age > millisecondsIn(after) ? denial : undefined
}

/** The maximum number of grants per user and client; beyond it the oldest is silently revoked. */
export function grantLimit(
  grants: Grants,
  { most, with: denial }: { most: number; with: Denial },
): Behaviour {
  return {
    consented({ grant: { user, client } }) {
      const surplus = new Set(grants.of({ user, client }).slice(0, -most))
      grants.end((grant) => surplus.has(grant), denial)
    },
  }
}

/** A consent may be limited in time; responses then have the lifetime of the refresh token. */
export function timeBoundConsent(denial: Denial) {
  const until = new Map<string, number>()
  const behaviour: Behaviour = {
    spends: ({ grant, now }) => (now > (until.get(grant.user) ?? Infinity) ? denial : undefined),
    adds({ grant, now }) {
      const end = until.get(grant.user)
      return end === undefined ? {} : { refresh_token_expires_in: Math.round((end - now) / 1_000) }
    },
  }
  return { behaviour, until: (user: string, at: number) => void until.set(user, at) }
}
