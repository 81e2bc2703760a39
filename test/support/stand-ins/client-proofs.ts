import type { KeyObject } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import type { Behaviour } from './behaviour.ts'
import type { Denial } from './denial.ts'

export interface DatedSecret {
  readonly secret: string
  readonly expiresAt?: number
}

export interface ClientProofs {
  /** Changed by a test that acts as the client's administrator. */
  readonly secrets: DatedSecret[]
  /** Public keys whose assertions (RFC 7523 §2.2) are accepted. */
  readonly keys: KeyObject[]
}

export interface ProofDenials {
  readonly missing: Denial
  readonly wrong: Denial
  readonly expired: Denial
  readonly badAssertion: Denial
}

interface ProofOptions {
  readonly proofs: ReadonlyMap<string, ClientProofs>
  readonly denials: ProofDenials
  /** What an assertion must be meant for. */
  readonly audience: (path: string) => string
}

/** Client authentication: secrets with an expiry, or assertions signed with a known key. */
export function clientProofs({ proofs, denials, audience }: ProofOptions): Behaviour {
  return {
    async authenticates({ client, proof, form, path, now }) {
      const known = proofs.get(client.id)
      if (known === undefined) return undefined
      if (form.has('client_assertion')) {
        const checks = {
          issuer: client.id,
          subject: client.id,
          audience: audience(path),
          currentDate: new Date(now),
        }
        const jwt = form.get('client_assertion') ?? ''
        const verified = await Promise.all(known.keys.map((key) => verifies(jwt, { key, checks })))
        return verified.includes(true) ? undefined : denials.badAssertion
      }
      if (proof === null || proof === '') return denials.missing
      const found = known.secrets.find(({ secret }) => secret === proof)
      if (found === undefined) return denials.wrong
      return now >= (found.expiresAt ?? Infinity) ? denials.expired : undefined
    },
  }
}

type Checks = Parameters<typeof jwtVerify>[2]

async function verifies(jwt: string, { key, checks }: { key: KeyObject; checks: Checks }): Promise<boolean> {
  try {
    await jwtVerify(jwt, key, { ...checks, requiredClaims: ['jti', 'exp'] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}
