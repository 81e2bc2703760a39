import { randomBytes } from 'node:crypto'
import type OAuth2Server from '@node-oauth/oauth2-server'
import type { Asking, Behaviour } from './behaviour.ts'
import type { StandInClient } from './clients.ts'
import { type Denial, denyWith } from './denial.ts'
import type { Grant, Grants } from './grants.ts'

export interface ModelOptions {
  readonly asking: Asking
  readonly clients: readonly StandInClient[]
  readonly grants: Grants
  readonly behaviours: readonly Behaviour[]
  readonly codes: Map<string, { code: OAuth2Server.AuthorizationCode; grant: Grant }>
  readonly rotates: boolean
  readonly unknownToken: Denial
  /** The authorization request, where this is one. */
  readonly query?: URLSearchParams
}

type Library = OAuth2Server.AuthorizationCodeModel &
  OAuth2Server.RefreshTokenModel &
  OAuth2Server.ClientCredentialsModel

/** What the OAuth library asks of whoever keeps clients, codes and tokens; for one request. */
export function modelFor(options: ModelOptions): Library {
  const { asking, clients, grants, behaviours, codes, rotates, unknownToken } = options
  let grant: Grant | undefined

  function accessToken(user: string, scopes: readonly string[]): string {
    const claims = Buffer.from(JSON.stringify({ user, scp: scopes })).toString('base64url')
    return `at.${claims}.${randomBytes(12).toString('base64url')}`
  }

  return {
    async getClient(id, proof) {
      const client = clients.find((each) => each.id === id)
      if (client === undefined) return null
      if (options.query === undefined) {
        for (const each of behaviours) denyWith(await each.authenticates?.({ ...asking, client, proof }))
      }
      return { id, grants: [...client.grants], redirectUris: [...client.redirectUris] }
    },
    async saveAuthorizationCode(code, client, user) {
      const query = options.query as URLSearchParams
      const granted = { user: user.id, client: client.id, scopes: code.scope ?? [], grantedAt: asking.now }
      const saved = { ...code, client, user }
      const made = grants.add(granted)
      for (const each of behaviours) each.consented?.({ grant: made, query })
      codes.set(code.authorizationCode, { code: saved, grant: made })
      return saved
    },
    async getAuthorizationCode(code) {
      const found = codes.get(code)
      grant = found?.grant
      return found?.code
    },
    revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
    async getRefreshToken(refreshToken) {
      grant = grants.ofRefreshToken(refreshToken)
      if (grant === undefined) denyWith(unknownToken)
      const found = grant as Grant
      for (const each of behaviours) denyWith(each.spends?.({ ...asking, grant: found }))
      denyWith(found.ended)
      const { client, user, scopes } = found
      return {
        refreshToken,
        client: { id: client, grants: [] },
        user: { id: user },
        scope: [...scopes],
      }
    },
    // The spent token stays as good as it was: nobody here rotates strictly.
    revokeToken: async () => true,
    getUserFromClient: async ({ id }) => ({ id }),
    async saveToken(token, client, user) {
      const scopes = behaviours.reduce<readonly string[]>(
        (all, each) => each.picks?.({ ...asking, scopes: all }) ?? all,
        token.scope ?? [],
      )
      const issued = {
        accessToken: accessToken(user.id, scopes),
        accessTokenExpiresAt: token.accessTokenExpiresAt as Date,
        scope: [...scopes],
        client,
        user,
      }
      if (grant === undefined) return issued
      grant.usedAt = asking.now
      const offline = grant.refreshTokens.size > 0
      const isFirst = token.authorizationCode !== undefined
      const [first] = grant.refreshTokens
      const refreshToken = isFirst ? first : rotates ? grants.newRefreshToken(grant) : undefined
      const more = behaviours.map((each) => each.adds?.({ ...asking, grant: grant as Grant }))
      return Object.assign(issued, ...more, offline && refreshToken !== undefined && { refreshToken })
    },
    getAccessToken: async () => null,
  }
}
