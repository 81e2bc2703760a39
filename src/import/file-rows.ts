import { z } from 'zod'
import { accountPutSchema } from '../contract/account.ts'
import { appPutSchema } from '../contract/app.ts'
import { newIdSchema } from '../contract/fields.ts'
import { parsePayload } from '../contract/parse-payload.ts'
import type { FileValue } from './file-value.ts'
import type { AccountRow, AppRow } from './rows.ts'

/** An account: its id, and the payload of `account.put`. */
const accountRowSchema = accountPutSchema.extend({ account: newIdSchema })
/** An app: its id, and the payload of `app.put`. */
const appRowSchema = appPutSchema.extend({
  app: newIdSchema,
  secretsLeftOut: z.literal(true).optional(),
})

const accountNamed = z.looseObject({ account: z.string().min(1) })
const appNamed = z.looseObject({
  account: z.never().optional(),
  app: z.string().min(1),
  provider: z.string(),
})

export interface Named {
  readonly kind: 'app' | 'account'
  readonly id: string
}

/** Kind and id of a row; undefined if it has none. An app has a `provider` and no `account`. */
export function namedIn(found: FileValue): Named | undefined {
  if (!('value' in found)) return undefined
  const account = accountNamed.safeParse(found.value).data?.account
  if (account !== undefined) return { kind: 'account', id: account }
  const app = appNamed.safeParse(found.value).data?.app
  return app === undefined ? undefined : { kind: 'app', id: app }
}

export function toAppRow(found: FileValue): AppRow {
  const { line } = found
  const id = namedIn(found)?.id ?? `line ${line}`
  if ('problem' in found) return { id, line, fail: found.problem }
  const read = checked(appRowSchema, found.value)
  if (!read.ok) return { id, line, fail: read.failure.message }
  const { app, secretsLeftOut, ...put } = read.value
  return { id: app, line, put, ...(secretsLeftOut && { secretsLeftOut }) }
}

export function toAccountRow(found: FileValue): AccountRow {
  const { line } = found
  const named = namedIn(found)
  const id = named?.id ?? `line ${line}`
  if ('problem' in found) return { id, line, fail: found.problem }
  if (named?.kind === 'app') return { id, line, fail: 'apps must come before all accounts' }
  const read = checked(accountRowSchema, found.value)
  if (!read.ok) return { id, line, fail: read.failure.message }
  const { account, ...put } = read.value
  return { id: account, line, put }
}

const encoder = new TextEncoder()

/** Validates like the same payload on NATS. */
function checked<S extends z.ZodType>(schema: S, value: unknown) {
  return parsePayload(schema, encoder.encode(JSON.stringify(value) ?? 'null'))
}
