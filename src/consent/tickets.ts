import { z } from 'zod'
import { Secret } from '../common/secret.ts'
import { everything } from '../contract/principal.ts'
import type { Pending, PendingConsents } from '../redis/pending-consents.ts'
import { type ConsentProblem, problems } from './problems.ts'

const problemSchema = z.enum(Object.keys(problems) as ConsentProblem[])

/** What has become of a consent. It is remembered for a while: browsers ask for the same page again. */
const endedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('under-way'), at: z.number() }),
  z.object({ kind: z.literal('connected'), location: z.string() }),
  z.object({
    kind: z.literal('turned-down'),
    /** A digest of the callback that it answered: another one may do better. */
    callback: z.string(),
    problem: problemSchema,
    values: z.record(z.string(), z.string()),
    adminUrl: z.string().optional(),
  }),
])

const detailsSchema = z.object({
  account: z.string().nullable(),
  app: z.string().optional(),
  name: z.string().optional(),
  email: z.string().optional(),
  /** Who is expected to sign in, for the provider's page. */
  loginHint: z.string().optional(),
  /** Who has to. */
  expectedEmail: z.string().optional(),
  allowOtherUser: z.boolean().default(false),
  params: z.record(z.string(), z.string()).optional(),
  /** The apps that the caller may use; absent in older tickets. */
  apps: z.string().nullable().default(everything),
  /** The origin the code is meant for; tickets of before do not say. */
  redeemsAt: z.string().optional(),
  redirectUrl: z.string(),
  nonce: z.string(),
  ended: endedSchema.optional(),
})

type Details = z.output<typeof detailsSchema>
export type Ended = z.output<typeof endedSchema>

/** A consent somebody asked for, and perhaps has given. */
export interface PendingConsent extends Details {
  readonly codeVerifier: Secret
}

export interface TicketsOptions {
  readonly pending: PendingConsents
}

type Loose<T> = { [name in keyof T]: T[name] | undefined }

export function toPending({ codeVerifier, ...details }: Loose<Details> & { codeVerifier: Secret }): Pending {
  return { details, secret: codeVerifier.reveal() }
}

export function fromPending({ details, secret }: Pending): PendingConsent {
  return { ...detailsSchema.parse(details), codeVerifier: new Secret(secret) }
}
