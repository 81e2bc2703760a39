import { z } from 'zod'
import { countSchema, idSchema, type Sent, textsSchema, timeSchema, versionSchema } from './fields.ts'

/** One page of a rotation to the key of this id. */
export const keysRotateSchema = z.strictObject({
  key: z.string().min(1).max(32),
  cursor: z.string().max(4096).optional(),
  limit: z.int().min(1).max(1000).optional(),
})

export const eventsDeadSchema = z.strictObject({ limit: z.int().min(1).max(1_000).optional() })

/** Of the events that were set aside: one by its id, or all of them. */
export const eventsWhichSchema = z
  .strictObject({ id: z.string().min(1).max(64).optional(), all: z.literal(true).optional() })
  .refine(({ id, all }) => (id === undefined) !== (all === undefined), 'must have either id or all')

/** The end of an upgrade to this level of the stored form: first without a cursor, then page by page. */
export const upgradeFinishSchema = z.strictObject({
  level: z.int().min(1).max(1_000),
  cursor: z.string().max(4096).optional(),
  limit: z.int().min(1).max(1000).optional(),
})

/** What one page of a rewrite of everything stored did. */
const page = {
  looked: countSchema,
  unopened: textsSchema.describe('what does not open, as app:<id> and account:<id>'),
  progress: z.number().min(0).max(1).describe('how much of it is behind us'),
  cursor: z.string().optional().describe('where to go on; absent at the end'),
}

export const keysRotatedSchema = z.strictObject({
  key: z.string().describe('the id of the key that seals'),
  ...page,
  resealed: countSchema,
  retired: textsSchema
    .optional()
    .describe(
      'at the end, unless something did not open: ids of keys that may be taken out of TOKENBUS_KEYS',
    ),
})

export const upgradePageSchema = z.strictObject({
  level: z.int().describe('the form that is written'),
  ...page,
  rewritten: countSchema,
  finished: z.literal(true).optional().describe('no older form is accepted any more'),
})

/** An event that its stream will never take. */
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
  total: countSchema.describe('how many there are'),
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
