import { apiTokenDigest, apiTokenId, newApiToken } from '../common/api-token-text.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { ApiTokenCreate, ApiTokenView } from '../contract/api-token.ts'
import { fail, ok } from '../contract/failures.ts'
import { everything } from '../contract/principal.ts'
import type { ApiTokenAdmin } from '../contract/tokenbus.ts'
import { type ApiTokenStore, type StoredApiToken, usualApps } from '../redis/api-tokens.ts'

export interface ApiTokenAdminOptions {
  readonly store: ApiTokenStore
  readonly clock: ClusterClock
  /** Announces the revocation to all nodes. */
  announceRevoked(id: string): void
}

const usualPerSecond = 1_000

/** Creates, lists and revokes API tokens. A token is shown only in the reply to its creation. */
export function createApiTokenAdmin({ store, clock, announceRevoked }: ApiTokenAdminOptions) {
  async function keep(
    token: string,
    { name, scopes, expiresAt, ...rest }: ApiTokenCreate,
  ): Promise<ApiTokenView> {
    const id = apiTokenId(token)
    if (id === undefined) throw new Error('an API token of invalid form')
    const accounts = rest.accounts ?? everything
    const stored: StoredApiToken = {
      id,
      name,
      digest: apiTokenDigest(token).toString('hex'),
      scopes,
      accounts,
      apps: rest.apps === undefined ? usualApps(accounts) : rest.apps,
      perSecond: rest.perSecond ?? usualPerSecond,
      createdAt: clock.now(),
      expiresAt: expiresAt === undefined ? null : Date.parse(expiresAt),
    }
    await store.put(stored)
    return view({ ...stored, lastUsedAt: null })
  }

  const admin: ApiTokenAdmin = {
    async createApiToken(options) {
      const token = newApiToken()
      return ok({ ...(await keep(token, options)), token })
    },
    async listApiTokens() {
      const tokens = await store.list()
      return ok({ apiTokens: tokens.sort((a, b) => a.createdAt - b.createdAt).map(view) })
    },
    async revokeApiToken(id) {
      const existed = await store.remove(id)
      announceRevoked(id)
      return existed
        ? ok({ id, revoked: true as const })
        : fail('not_found', 'id: there is no such API token')
    },
  }
  return {
    ...admin,
    /** Stores a token given by the caller; idempotent. */
    async adopt(token: string, options: ApiTokenCreate): Promise<void> {
      await keep(token, options)
    },
  }
}

const isoOrNull = (at: number | null) => (at === null ? null : new Date(at).toISOString())

function view({
  digest: _,
  createdAt,
  expiresAt,
  lastUsedAt,
  ...token
}: StoredApiToken & { lastUsedAt: number | null }): ApiTokenView {
  return {
    ...token,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: isoOrNull(expiresAt),
    lastUsedAt: isoOrNull(lastUsedAt),
  }
}
