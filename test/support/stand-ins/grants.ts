import { randomBytes } from 'node:crypto'
import type { Denial } from './denial.ts'

/** What one person has allowed one client, once. */
export interface Grant {
  readonly user: string
  readonly client: string
  readonly scopes: readonly string[]
  readonly grantedAt: number
  /** When a token of it was last asked for. */
  usedAt: number
  /** Refresh tokens that are taken; none for a grant without offline access. */
  readonly refreshTokens: Set<string>
  /** What its refresh tokens are answered with from now on. */
  ended: Denial | undefined
}

export type Grants = ReturnType<typeof createGrants>

/** All that was ever granted; a grant that has ended is remembered, as providers do. */
export function createGrants() {
  const grants: Grant[] = []
  return {
    add(granted: Pick<Grant, 'user' | 'client' | 'scopes' | 'grantedAt'>): Grant {
      const grant = {
        ...granted,
        usedAt: granted.grantedAt,
        refreshTokens: new Set<string>(),
        ended: undefined,
      }
      grants.push(grant)
      return grant
    },
    newRefreshToken(grant: Grant): string {
      const token = `rt.${randomBytes(24).toString('base64url')}`
      grant.refreshTokens.add(token)
      return token
    },
    ofRefreshToken: (token: string) => grants.find(({ refreshTokens }) => refreshTokens.has(token)),
    /** Those in force, the oldest first. */
    of: (who: { user: string; client?: string }) =>
      grants.filter(
        ({ user, client, ended }) =>
          ended === undefined && user === who.user && (who.client === undefined || client === who.client),
      ),
    /** Answers how many ended. */
    end(which: (grant: Grant) => boolean, denial: Denial): number {
      const ending = grants.filter((grant) => grant.ended === undefined && which(grant))
      for (const grant of ending) grant.ended = denial
      return ending.length
    },
  }
}
