import type { Behaviour } from './behaviour.ts'
import type { Grant, Grants } from './grants.ts'

type Asked = (consent: { grant: Grant; query: URLSearchParams }) => boolean

/** A refresh token comes only with a consent that was asked for in the right way. */
export function offlineAccess(grants: Grants, isAskedFor: Asked): Behaviour {
  return {
    consented(consent) {
      if (isAskedFor(consent)) grants.newRefreshToken(consent.grant)
    },
  }
}
