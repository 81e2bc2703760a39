import { isDeepStrictEqual } from 'node:util'
import { createActor } from 'xstate'
import { z } from 'zod'
import {
  type AccountEffect,
  type AccountEvent,
  accountMachine,
  asOfSchema,
  fromRecordedEvent,
  fromStored,
  type StoredSnapshot,
  snapshotSchema,
  step,
  toStored,
} from '../../machines/index.ts'

const truncatedSchema = z.looseObject({
  version: z.int().positive(),
  to: z.string().nullable(),
  truncated: z.literal(true),
})

const recordSchema = z.looseObject({
  account: z.string(),
  version: z.int().positive(),
  event: z.looseObject({ type: z.string(), at: z.number() }),
  from: z.string().nullable(),
  to: z.string().nullable(),
  effects: z.array(z.looseObject({ type: z.string() })),
  wakeAt: z.number().nullable(),
  snapshot: z.object({ schema: z.number(), value: z.string(), context: z.looseObject({}) }),
})

type Recorded = z.infer<typeof recordSchema>

/** The first difference between what was recorded and what the machine of this version does. */
export interface Divergence {
  /** Of the account, at the transition that differs. */
  readonly version: number
  /** The path of the first difference, such as `snapshot.context.retryAt`. */
  readonly path: string
  /** What was recorded. */
  readonly recorded: unknown
  /** What the machine of this version does. */
  readonly replayed: unknown
}

/** What came of a replay. */
export interface Replayed {
  /** The state after each record. */
  readonly states: readonly (string | null)[]
  /** The number of transitions replayed and compared. */
  readonly checked: number
  /** The number of versions missing before or between the records; the replay restarts after each gap. */
  readonly skipped: number
  /** The number of truncated records, if any; only their state is known. */
  readonly truncated?: number
  /** The first difference; absent if there is none. */
  readonly divergence?: Divergence
}

/**
 * Replays recorded transitions (bodies of `account.transition`, oldest first) on the current machine. Each must lead to the
 * recorded state, context, effects and wake-up. Throws `ZodError` for an invalid record.
 *
 * @example
 * ```ts
 * const { transitions } = JSON.parse(await readFile('history.json', 'utf8')) // tokenbus --json account history alice
 * assert.equal(replay(transitions).divergence, undefined)
 * ```
 */
export function replay(history: readonly unknown[]): Replayed {
  const records = history.map((record) => z.union([truncatedSchema, recordSchema]).parse(record))
  const states = records.map(({ to }) => to)
  const short = records.filter(isTruncated).length
  const truncated = short > 0 ? { truncated: short } : {}
  let checked = 0
  let skipped = 0
  let version = 0
  /** Undefined before the first record, and after a truncated one. */
  let previous: Recorded | undefined
  for (const record of records) {
    skipped += Math.max(0, record.version - version - 1)
    const follows = record.version === version + 1 && (version === 0 || previous !== undefined)
    version = record.version
    if (isTruncated(record)) {
      previous = undefined
      continue
    }
    if (follows) {
      checked++
      const divergence = compare(record, fold(record, previous))
      if (divergence !== undefined) return { states, checked, skipped, ...truncated, divergence }
    }
    previous = record
  }
  return { states, checked, skipped, ...truncated }
}

function isTruncated(
  record: Recorded | z.infer<typeof truncatedSchema>,
): record is z.infer<typeof truncatedSchema> {
  return record.truncated === true
}

function fold({ account, event, snapshot }: Recorded, previous: Recorded | undefined) {
  const before =
    previous === undefined
      ? fromStored(
          accountMachine,
          toStored(createActor(accountMachine, { input: { account } }).getSnapshot()),
        )
      : fromStored(accountMachine, previous.snapshot as StoredSnapshot)
  const stepped = step<typeof accountMachine, AccountEffect>(
    accountMachine,
    before,
    fromRecordedEvent(event as unknown as AccountEvent),
  )
  if (stepped === null) return { to: null, snapshot: null, effects: [], wakeAt: null }
  const { next, effects } = stepped
  const stored = toStored(next, Math.min(snapshot.schema, snapshotSchema))
  const to = next.context.grantId === null ? null : next.value
  return JSON.parse(JSON.stringify({ to, snapshot: stored, effects, wakeAt: next.context.wakeAt }))
}

function compare(
  { version, to, snapshot, effects, wakeAt }: Recorded,
  replayed: unknown,
): Divergence | undefined {
  // An older version keeps newer fields unchanged, so only the fields it knew are compared.
  const schema = Math.min(snapshot.schema, snapshotSchema)
  const known = { ...asOfSchema(accountMachine.id, snapshot, schema), schema: snapshot.schema }
  const lacks = schema < snapshotSchema
  const found = firstDifference({ to, snapshot: known, effects, wakeAt }, replayed, { path: '', lacks })
  return found && { version, ...found }
}

function firstDifference(
  recorded: unknown,
  replayed: unknown,
  { path, lacks }: { path: string; lacks: boolean },
): Omit<Divergence, 'version'> | undefined {
  if (isDeepStrictEqual(recorded, replayed)) return undefined
  if (!isObject(recorded) || !isObject(replayed)) return { path, recorded, replayed }
  const may = lacks && !Array.isArray(recorded)
  for (const key of new Set([...Object.keys(recorded), ...(may ? [] : Object.keys(replayed))])) {
    const within = { path: path === '' ? key : `${path}.${key}`, lacks }
    const inner = firstDifference(recorded[key], replayed[key], within)
    if (inner !== undefined) return inner
  }
  return lacks ? undefined : { path, recorded, replayed }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
