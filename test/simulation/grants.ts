import type { Rotation } from '../../machines/index.ts'

export interface Grant {
  readonly id: string
  readonly account: string
  readonly rotation: Rotation
  endedBy: 'user' | 'reuse' | null
  /** Every refresh token, by number; the last is the newest. */
  readonly tokens: { parent: number | null; spentAt: number | null; dead: boolean }[]
}

export const graceMs = 60_000

/** The provider's grants, and the state of each refresh token. */
export function createGrants() {
  const grants = new Map<string, Grant>()

  /** What becomes of a refresh token that is presented; `undefined` refuses. Nothing changes unless `spend`. */
  function present(token: string, { at, spend }: { at: number; spend: boolean }): number | undefined {
    const { grant, number } = find(token)
    const known = grant?.tokens[number]
    if (grant === undefined || known === undefined || grant.endedBy !== null) return undefined
    const newest = grant.tokens.length - 1
    const { rotation } = grant
    if (rotation === 'none') return number
    if (rotation === 'keeps-old') return spend ? add(grant, number) : newest
    if (rotation === 'until-used') {
      if (known.dead) return undefined
      if (!spend) return newest
      // A successor in use is what ends its predecessor.
      if (known.parent !== null) (grant.tokens[known.parent] as { dead: boolean }).dead = true
      return add(grant, number)
    }
    if (known.spentAt === null) {
      if (spend) known.spentAt = at
      return spend ? add(grant, number) : newest
    }
    if (rotation === 'grace' && at < known.spentAt + graceMs) return newest
    if (spend) grant.endedBy = 'reuse'
    return undefined
  }

  function add(grant: Grant, parent: number): number {
    return grant.tokens.push({ parent, spentAt: null, dead: false }) - 1
  }

  function find(token: string): { grant: Grant | undefined; number: number } {
    const [, id = '', number] = token.split('/')
    return { grant: grants.get(id), number: Number(number) }
  }

  return {
    /** A user consents: returns the grant, whose first refresh token is number 0. */
    begin(account: string, rotation: Rotation): Grant {
      const id = `g${grants.size}`
      const grant: Grant = { id, account, rotation, endedBy: null, tokens: [] }
      grant.tokens.push({ parent: null, spentAt: null, dead: false })
      grants.set(id, grant)
      return grant
    },
    find,
    nameOf: (grant: Grant, number: number) => `rt/${grant.id}/${number}`,
    spend: (token: string, at: number) => present(token, { at, spend: true }),
    wouldAccept: (token: string, at: number) => present(token, { at, spend: false }) !== undefined,
  }
}

export type Grants = ReturnType<typeof createGrants>
