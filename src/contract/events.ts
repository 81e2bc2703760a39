import { z } from 'zod'
import { accountStateSchema, generationSchema, idSchema, timeSchema, versionSchema } from './fields.ts'

/** Milliseconds of cluster time. */
const instant = z.number().nonnegative()

const happened = {
  id: z.string().min(1).describe('the same in every delivery: drop repeats by it'),
  time: timeSchema.describe('when it happened, in the time of the cluster'),
  version: versionSchema.describe('of the account or the app; what is not newer is old'),
  truncated: z
    .literal(true)
    .optional()
    .describe(
      "the event exceeded the server's limit: lists are empty and long texts left out; a transition lacks `event`, `effects` and `snapshot`",
    ),
}
const ofAccount = { ...happened, account: idSchema }
const ofApp = { ...happened, app: idSchema }
const token = {
  app: idSchema.describe('the app that the grant was given to'),
  provider: z.string().describe('as the app was put'),
  user: z.string().describe('the user who granted access'),
  state: accountStateSchema.describe('the state it led to'),
  previousState: accountStateSchema
    .nullable()
    .describe('the state of the account at its last event; null at its first'),
  generation: generationSchema.describe('counts the tokens of the account'),
}
export const providerErrorSchema = z.strictObject({
  status: z.int().nullable().describe('HTTP status of the response; null if there was none'),
  error: z.string().describe('`error` of RFC 6749 §5.2, or a word for a missing response'),
  suberror: z.string().optional().describe("Microsoft's `suberror`, Google's `error_subtype` and the like"),
  codes: z.array(z.int()).optional().describe("the provider's numeric codes"),
  claims: z.string().optional().describe('the claims to satisfy when signing in again, as JSON'),
})

/** The body of each event by its type. Strict, so that no other field is ever published. */
export const eventSchemas = {
  'token.refreshed': z.strictObject({
    type: z.literal('token.refreshed'),
    ...ofAccount,
    ...token,
    expires: timeSchema.nullable().describe('when the new token expires; null if the provider does not say'),
    registeredScopes: z.array(z.string()).describe('the scopes that were granted'),
    previousUser: z
      .string()
      .optional()
      .describe('the previous user, if the account now belongs to another person'),
  }),
  'token.invalid': z.strictObject({
    type: z.literal('token.invalid'),
    ...ofAccount,
    ...token,
    reason: z.string().describe('an error catalogue reason (`tokenbus explain`), or an operator’s own word'),
    class: z
      .enum(['A', 'S', 'P'])
      .describe('A: the grant has ended. S: it waits for a person. P: it waits for its app'),
    recoverable: z.boolean().describe('the same grant may work again'),
    action: z.string().describe('what to do, in a sentence'),
    inferred: z.boolean().optional().describe('the reason is a guess, from the history of the account'),
    reported: z
      .boolean()
      .optional()
      .describe('reported by an API or a security event, not by the token endpoint'),
    providerError: providerErrorSchema.describe(
      'the error codes of the provider (RFC 6749 §5.2), never its free text',
    ),
  }),
  'account.grant-expiring': z.strictObject({
    type: z.literal('account.grant-expiring'),
    ...ofAccount,
    ...token,
    expiresAt: timeSchema,
    action: z.string(),
  }),
  /** The grant belongs to another user than before. */
  'account.user-changed': z.strictObject({
    type: z.literal('account.user-changed'),
    ...ofAccount,
    ...token,
    previousUser: z.string(),
    signedInAs: z.string().optional(),
  }),
  'account.removed': z.strictObject({
    type: z.literal('account.removed'),
    ...ofAccount,
    app: idSchema.optional(),
    user: z.string().optional(),
  }),
  /** `event`, `effects` and `snapshot` are internal to the machine, for replay only. Absent if truncated. */
  'account.transition': z.strictObject({
    type: z.literal('account.transition'),
    ...ofAccount,
    event: z.looseObject({ type: z.string() }).optional(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    effects: z.array(z.looseObject({ type: z.string() })).optional(),
    at: instant,
    wakeAt: instant.nullable(),
    snapshot: z.looseObject({}).optional(),
  }),
  'app.secret-expiring': z.looseObject({ type: z.literal('app.secret-expiring'), ...ofApp }),
  'app.secret-expired': z.looseObject({ type: z.literal('app.secret-expired'), ...ofApp }),
  'app.secret-restored': z.looseObject({ type: z.literal('app.secret-restored'), ...ofApp }),
  'app.refused': z.strictObject({
    type: z.literal('app.refused'),
    ...ofApp,
    reason: z.string(),
    action: z.string(),
    providerError: providerErrorSchema,
  }),
} as const

export type EventType = keyof typeof eventSchemas
export type EventBody<T extends EventType = EventType> = { [K in T]: z.output<(typeof eventSchemas)[K]> }[T]

/** The body, checked before it is published. Throws `ZodError` if it breaks the contract, which is a bug. */
export function eventBody<T extends EventType>(body: EventBody<T>): EventBody<T> {
  return eventSchemas[body.type].parse(body) as EventBody<T>
}
