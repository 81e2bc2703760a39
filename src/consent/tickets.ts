import { z } from 'zod'
import { everything } from '../principal.ts'
import type { PendingConsents } from '../redis/pending-consents.ts'
import type { Sealer } from '../redis/seal.ts'
import type { Secret } from '../secret.ts'

const detailsSchema = z.object({
  account: z.string().nullable(),
  app: z.string().optional(),
  name: z.string().optional(),
  email: z.string().optional(),
  /** Those that whoever asked may use; tickets of before do not say. */
  apps: z.string().nullable().default(everything),
  /** The origin the code is meant for; tickets of before do not say. */
  redeemsAt: z.string().optional(),
  redirectUrl: z.string(),
  nonce: z.string(),
})

const storedSchema = detailsSchema.extend({ sealed: z.string() })

type Details = z.output<typeof detailsSchema>

/** A consent somebody asked for and nobody has given yet. */
export interface PendingConsent extends Details {
  readonly codeVerifier: Secret
}

export interface TicketsOptions {
  readonly pending: PendingConsents
  readonly sealer: Pick<Sealer, 'seal' | 'open'>
}

const placeOf = (ticket: string) => ({ account: ticket, generation: 0, slot: 'consent' })

type Said = Omit<Details, 'apps'>
type Unsealed = { [name in keyof Said]: Said[name] | undefined } & {
  readonly apps?: string | null
  readonly codeVerifier: string
}

export function sealTicket(
  { sealer }: TicketsOptions,
  ticket: string,
  { codeVerifier, ...details }: Unsealed,
): string {
  return JSON.stringify({ ...details, sealed: sealer.seal({ text: codeVerifier, ...placeOf(ticket) }) })
}

export function openTicket({ sealer }: TicketsOptions, ticket: string, text: string): PendingConsent {
  const { sealed, ...details } = storedSchema.parse(JSON.parse(text))
  return { ...details, codeVerifier: sealer.open({ sealed, ...placeOf(ticket) }) }
}
