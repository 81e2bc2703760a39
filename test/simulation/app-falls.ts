import type { AccountContext, AppContext } from '../../machines/index.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { endpointKey } from '../../src/provider/endpoint-key.ts'
import { keysOf, partitionOf } from '../../src/redis/keys.ts'
import type { AccountPlan } from './account-plan.ts'
import type { Keyspace } from './keyspace.ts'
import { partitions } from './partitions.ts'
import type { SimulatedProvider } from './simulated-provider.ts'
import { storedContextOf } from './stored-context.ts'
import { storedTokenOf } from './stored-token.ts'

export interface AppFallsOptions {
  readonly plans: readonly AccountPlan[]
  readonly provider: SimulatedProvider
  now(): number
  fail(message: string): void
}

/**
 * An app falls while its client or all of its secrets are refused, or, behind a control that says nothing, for the word of its grants.
 * Never while a secret is good and a control can tell, nor for the word of one where there is another that lives.
 */
export function createAppFalls({ plans, provider, now, fail }: AppFallsOptions) {
  const states = new Map<string, string>()

  function isAccepted(sealed: string | undefined, config: AppConfig): boolean {
    if (sealed === undefined || provider.otherClients.has(config.clientId)) return false
    const pairs = JSON.parse(JSON.parse(sealed)[3]) as [string, string][]
    return pairs.some(([, secret]) => provider.secrets.has(secret))
  }

  /** Grants that the provider honours, and that have been refreshed. */
  function witnesses(app: string, space: Keyspace): string[] {
    return plans
      .filter((plan) => plan.app === app)
      .map(({ account }) => account)
      .filter((account) => {
        const fields = space.hashes.get(recordKey('account', account))?.fields
        if (fields === undefined || !['valid', 'expiring'].includes(fields.get('state') ?? '')) return false
        if (storedContextOf<AccountContext>(fields).lastRefreshedAt === null) return false
        const token = storedTokenOf(fields)
        return token !== null && provider.grants.wouldAccept(token, now())
      })
  }

  function refusedStrangely(app: string, space: Keyspace): number {
    const tokens = plans
      .filter((plan) => plan.app === app)
      .map(({ account }) => storedTokenOf(space.hashes.get(recordKey('account', account))?.fields))
    return tokens.filter((token) => {
      const grant = token === null ? undefined : provider.grants.find(token).grant
      return grant !== undefined && provider.strange.has(grant.id)
    }).length
  }

  const appOf = new Map(plans.map(({ app }) => [recordKey('app', app), app]))

  return (space: Keyspace, records: readonly string[] | 'any'): void => {
    for (const key of records === 'any' ? appOf.keys() : records) {
      const app = appOf.get(key)
      if (app === undefined) continue
      const fields = space.hashes.get(key)?.fields
      const state = fields?.get('state') ?? ''
      const fell = state === 'secret-expired' && states.get(app) !== state
      states.set(app, state)
      const config = JSON.parse(fields?.get('config') ?? 'null') as AppConfig | null
      if (!fell || config === null || !isAccepted(fields?.get('c'), config)) continue
      const { baseline } = storedContextOf<AppContext>(fields)
      // A baseline is learnt again after a change of the client.
      const isBaselineConclusive =
        baseline?.endpoint === endpointKey(config) && baseline.ownSecret !== baseline.madeUpSecret
      const alive = witnesses(app, space)
      if (isBaselineConclusive) fail(`${app} fell with a good secret, though a control could tell`)
      else if (alive.length > 0 && refusedStrangely(app, space) < 2)
        fail(`${app} fell with a good secret, though ${alive[0]} could tell`)
    }
  }
}

const recordKey = (kind: 'account' | 'app', id: string) =>
  keysOf(partitionOf(id, partitions)).record({ kind, id })
