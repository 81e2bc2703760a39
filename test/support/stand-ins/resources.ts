import type { Behaviour } from './behaviour.ts'
import type { Denial } from './denial.ts'
import type { Grant } from './grants.ts'

const graph = 'https://graph.microsoft.com'
const ofNoResource = new Set(['openid', 'profile', 'email', 'offline_access'])

function resourceOf(scope: string): string {
  return scope.includes('://') ? scope.slice(0, scope.lastIndexOf('/')) : graph
}

const resourcesOf = (scopes: readonly string[]) => [
  ...new Set(scopes.filter((scope) => !ofNoResource.has(scope)).map(resourceOf)),
]

interface Denials {
  readonly several: Denial
  readonly notConsented: Denial
}

/** An access token is for one resource: that of the scopes asked for, else the first that was consented to. */
export function oneResource({ several, notConsented }: Denials): Behaviour {
  const wanted = (form: URLSearchParams) => form.get('scope')?.split(' ') ?? []
  return {
    spends({ form, grant }) {
      const scopes = wanted(form)
      if (resourcesOf(scopes).length > 1) return several
      return scopes.every((scope) => isConsented(grant, scope)) ? undefined : notConsented
    },
    picks({ form, scopes }) {
      const [resource] = resourcesOf(wanted(form).length > 0 ? wanted(form) : scopes)
      return scopes.filter((scope) =>
        ofNoResource.has(scope) ? scope !== 'offline_access' : resourceOf(scope) === resource,
      )
    },
  }
}

function isConsented({ scopes }: Grant, scope: string): boolean {
  return ofNoResource.has(scope) || scopes.includes(scope)
}
