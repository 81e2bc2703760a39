import { z } from 'zod'
import { Secret } from '../common/secret.ts'
import { everything } from '../contract/principal.ts'
import type { Pending, PendingConsents } from '../redis/pending-consents.ts'

const detailsSchema = z.object({
  account: z.string().nullable(),
  app: z.string().optional(),
  name: z.string().optional(),
  email: z.string().optional(),
  params: z.record(z.string(), z.string()).optional(),
  /** Those that whoever asked may use; tickets of before do not say. */
  apps: z.string().nullable().default(everything),
  /** The origin the code is meant for; tickets of before do not say. */
  redeemsAt: z.string().optional(),
  redirectUrl: z.string(),
  nonce: z.string(),
})

type Details = z.output<typeof detailsSchema>

/** A consent somebody asked for and nobody has given yet. */
export interface PendingConsent extends Details {
  readonly codeVerifier: Secret
}

export interface TicketsOptions {
  readonly pending: PendingConsents
}

type Said = Omit<Details, 'apps'>
type Unsealed = { [name in keyof Said]: Said[name] | undefined } & {
  readonly apps?: string | null
  readonly codeVerifier: string
}

export function toPending({ codeVerifier, ...details }: Unsealed): Pending {
  return { details, secret: codeVerifier }
}

export function fromPending({ details, secret }: Pending): PendingConsent {
  return { ...detailsSchema.parse(details), codeVerifier: new Secret(secret) }
}
