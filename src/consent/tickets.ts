import { z } from 'zod'
import { Secret } from '../common/secret.ts'
import { everything } from '../contract/principal.ts'
import type { Pending, PendingConsents } from '../redis/pending-consents.ts'
import { type ConsentProblem, problems } from './problems.ts'

const problemSchema = z.enum(Object.keys(problems) as ConsentProblem[])

/** The result of a consent, kept for a while because browsers may repeat the request. */
const endedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('under-way'), at: z.number() }),
  z.object({ kind: z.literal('connected'), location: z.string() }),
  z.object({
    kind: z.literal('turned-down'),
    /** A digest of the callback, because a different callback may still succeed. */
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
  /** The user expected to sign in, for the `login_hint`. */
  loginHint: z.string().optional(),
  /** The address of the user who must sign in. */
  expectedEmail: z.string().optional(),
  allowOtherUser: z.boolean().default(false),
  /** The browser came back signed in as somebody else. */
  chooseAccount: z.boolean().default(false),
  params: z.record(z.string(), z.string()).optional(),
  /** The apps that the caller may use; absent in older tickets. */
  apps: z.string().nullable().default(everything),
  /** The origin that may redeem the code; absent in tickets of older versions. */
  redeemsAt: z.string().optional(),
  redirectUrl: z.string(),
  nonce: z.string(),
  ended: endedSchema.optional(),
})

type Details = z.output<typeof detailsSchema>
export type Ended = z.output<typeof endedSchema>

/** A requested consent, and its result if it has ended. */
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
