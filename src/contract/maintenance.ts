import { z } from 'zod'
import { countSchema, idSchema, type Sent, textsSchema, timeSchema, versionSchema } from './fields.ts'

/** One page of a rotation to the key with this id. */
export const keysRotateSchema = z.strictObject({
  key: z.string().min(1).max(32),
  cursor: z.string().max(4096).optional(),
  limit: z.int().min(1).max(1000).optional(),
})

export const eventsDeadSchema = z.strictObject({ limit: z.int().min(1).max(1_000).optional() })

/** Which dead letters: one by its id, or all. */
export const eventsWhichSchema = z
  .strictObject({ id: z.string().min(1).max(64).optional(), all: z.literal(true).optional() })
  .refine(({ id, all }) => (id === undefined) !== (all === undefined), 'must have either id or all')

/** Finishes an upgrade to this write level: first without a cursor, then page by page. */
export const upgradeFinishSchema = z.strictObject({
  level: z.int().min(1).max(1_000),
  cursor: z.string().max(4096).optional(),
  limit: z.int().min(1).max(1000).optional(),
})

/** The result of one page of rewriting stored records. */
const page = {
  looked: countSchema,
  unopened: textsSchema.describe('records that cannot be decrypted, as app:<id> and account:<id>'),
  progress: z.number().min(0).max(1).describe('the share that is done'),
  cursor: z.string().optional().describe('the cursor of the next page; absent at the end'),
}

export const keysRotatedSchema = z.strictObject({
  key: z.string().describe('the id of the key that encrypts now'),
  ...page,
  resealed: countSchema,
  retired: textsSchema
    .optional()
    .describe(
      'at the end, if every record could be decrypted: ids of keys that may be removed from TOKENBUS_KEYS',
    ),
})

export const upgradePageSchema = z.strictObject({
  level: z.int().describe('the write level'),
  ...page,
  rewritten: countSchema,
  finished: z.literal(true).optional().describe('older formats are no longer accepted'),
})

/** A dead letter: an event that its stream rejects permanently. */
const deadEventSchema = z.strictObject({
  id: z.string(),
  type: z.string(),
  time: timeSchema,
  account: idSchema.optional(),
  app: idSchema.optional(),
  version: versionSchema,
  reason: z.string(),
  bytes: countSchema,
})
export const deadEventsSchema = z.strictObject({
  events: z.array(deadEventSchema),
  total: countSchema.describe('the number of all dead letters'),
})
export const eventsRetriedSchema = z.strictObject({ retried: countSchema })
export const eventsDroppedSchema = z.strictObject({ dropped: countSchema })

export type KeysRotate = z.output<typeof keysRotateSchema>
export type KeyRotation = Sent<typeof keysRotatedSchema>
export type UpgradeFinish = z.output<typeof upgradeFinishSchema>
export type UpgradePage = Sent<typeof upgradePageSchema>
export type EventsDead = z.output<typeof eventsDeadSchema>
export type EventsWhich = z.output<typeof eventsWhichSchema>
export type DeadEvent = Sent<typeof deadEventSchema>
export type DeadEvents = Sent<typeof deadEventsSchema>
export type EventsRetried = Sent<typeof eventsRetriedSchema>
export type EventsDropped = Sent<typeof eventsDroppedSchema>
