import type { Rotation } from '../../machines/index.ts'

export const rotations = ['none', 'keeps-old', 'grace', 'until-used', 'strict'] as const

/** The provider's state of one grant. Refresh tokens are numbered; the newest is the last issued. */
interface Grant {
  readonly rotation: Rotation
  readonly spentAt: Map<number, number>
  readonly issued: string[]
  readonly sent: string[]
  newestUsed: boolean
  endedBy: 'user' | 'reuse' | null
  reuses: number
}

/** The state of a grant at the provider. */
export interface Truth {
  readonly alive: boolean
  readonly endedBy: 'user' | 'reuse' | null
  /** Refresh tokens as they were issued, and as they were presented. */
  readonly issued: readonly string[]
  readonly sent: readonly string[]
  /** How often a used refresh token was sent again although that is not allowed. */
  readonly reuses: number
}

/** The books of a provider, by account. */
export function createFaultGrants({ graceSeconds }: { graceSeconds: number }) {
  const grants = new Map<string, Grant>()
  const nameOf = (account: string, number: number) => `rt/${account}/${number}`

  function die(grant: Grant): null {
    grant.reuses++
    grant.endedBy ??= 'reuse'
    return null
  }

  function issue(account: string, grant: Grant): string {
    grant.newestUsed = false
    const token = nameOf(account, grant.issued.length)
    grant.issued.push(token)
    return token
  }

  return {
    /** A person consents: answers the grant's first refresh token. */
    begin(account: string, rotation: Rotation): string {
      const grant: Grant = {
        rotation,
        spentAt: new Map(),
        issued: [],
        sent: [],
        newestUsed: false,
        endedBy: null,
        reuses: 0,
      }
      grants.set(account, grant)
      return issue(account, grant)
    },
    /** A person takes the consent back. */
    end(account: string): void {
      const grant = grants.get(account)
      if (grant !== undefined) grant.endedBy ??= 'user'
    },
    /** The refresh token that now goes with it, maybe the same; null refuses. */
    spend(token: string): { account: string; refreshToken: string } | null {
      const [, account = '', text] = token.split('/')
      const grant = grants.get(account)
      const number = Number(text)
      if (grant === undefined) return null
      grant.sent.push(token)
      if (grant.endedBy !== null || !grant.issued.includes(token)) return null
      const { rotation, spentAt } = grant
      const newest = grant.issued.length - 1
      const current = number === newest
      if (rotation === 'none') return { account, refreshToken: token }
      if (!current && rotation === 'strict') return die(grant)
      if (!current && rotation === 'grace') {
        const inWindow = Date.now() - (spentAt.get(number) ?? 0) < graceSeconds * 1_000
        return inWindow ? { account, refreshToken: nameOf(account, newest) } : die(grant)
      }
      if (!current && rotation === 'until-used' && (number < newest - 1 || grant.newestUsed))
        return die(grant)
      if (current) spentAt.set(number, Date.now())
      return { account, refreshToken: issue(account, grant) }
    },
    truth(account: string): Truth {
      const { endedBy, issued, sent, reuses } = grants.get(account) as Grant
      return { alive: endedBy === null, endedBy, issued, sent, reuses }
    },
  }
}
