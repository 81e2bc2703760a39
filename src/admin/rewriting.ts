import pLimit from 'p-limit'
import { z } from 'zod'
import type { Accounts } from '../actors/account-actor.ts'
import type { Apps } from '../actors/app-actor.ts'
import type { ApiTokenStore } from '../redis/api-tokens.ts'
import { Tampered } from '../redis/integrity.ts'
import { partitionOf } from '../redis/keys.ts'
import { NewerForm } from '../redis/newer-form.ts'
import type { PendingConsents } from '../redis/pending-consents.ts'
import type { PendingDevices } from '../redis/pending-devices.ts'
import { BadCursor, type Records, type Ref } from '../redis/records.ts'
import { SealError } from '../redis/seal.ts'
import type { TokenApiSwitch } from '../redis/token-api-switch.ts'
import type { ArrivedAnswers } from '../refresh/arrived-answers.ts'

export interface RewritingOptions {
  readonly records: Pick<Records, 'list'>
  readonly accounts: Pick<Accounts, 'rewrite'>
  readonly apps: Pick<Apps, 'rewrite'>
  readonly arrivedAnswers: Pick<ArrivedAnswers, 'reseal'>
  readonly apiTokens: Pick<ApiTokenStore, 'rewrite'>
  readonly pendingConsents: Pick<PendingConsents, 'rewrite'>
  readonly pendingDevices: Pick<PendingDevices, 'rewrite'>
  readonly tokenApiSwitch: Pick<TokenApiSwitch, 'rewrite'>
  readonly partitions: number
}

/** The result of one page. */
export interface RewrittenPage {
  readonly looked: number
  readonly rewritten: number
  /** Records that cannot be decrypted or are not accepted, as `app:<id>` and `account:<id>`. */
  readonly unopened: readonly string[]
  /** Their number since the first page. */
  readonly allUnopened: number
  /** The share that is done, 0 to 1. */
  readonly progress: number
  /** Absent at the end. */
  readonly cursor?: string
}

/** The position, and the number of records that could not be decrypted so far. */
const cursorSchema = z.strictObject({
  kind: z.enum(['app', 'account']),
  from: z.string().optional(),
  unopened: z.int().nonnegative(),
})
type Cursor = z.output<typeof cursorSchema>

const atOnce = 16

export interface Rewriting {
  /** The cursor of the first page. */
  readonly begin: string
  /** Rejects with `BadCursor`. */
  page(cursor: string, limit: number): Promise<RewrittenPage>
}

/**
 * Rewrites everything in the current format with the current key, one page per request, while it is in use: each record by
 * the usual compare-and-set. After an interruption it is started again, and skips what is done.
 */
export function createRewriting(options: RewritingOptions): Rewriting {
  const { records, accounts, apps, apiTokens, pendingConsents, pendingDevices, partitions } = options
  const limited = pLimit(atOnce)

  async function rewrite({ kind, id }: Ref): Promise<'rewritten' | 'current' | 'unopened'> {
    try {
      if (kind === 'account') await options.arrivedAnswers.reseal(id)
      return (await (kind === 'app' ? apps : accounts).rewrite(id)) ? 'rewritten' : 'current'
    } catch (error) {
      if (error instanceof SealError || error instanceof Tampered || error instanceof NewerForm)
        return 'unopened'
      throw error
    }
  }

  /** Apps come first and are few; accounts are listed partition after partition. */
  function progressOf(kind: Ref['kind'], ids: readonly string[]): number {
    const last = ids.at(-1)
    return kind === 'app' || last === undefined ? 0 : partitionOf(last, partitions) / partitions
  }

  /** Rewrites API tokens, the token API switch and pending consents; those that cannot be re-encrypted are reported in one line. */
  async function rewriteTheRest(): Promise<Pick<RewrittenPage, 'rewritten' | 'unopened'>> {
    const rewritten = (await apiTokens.rewrite()) + (await options.tokenApiSwitch.rewrite())
    const left = (await pendingConsents.rewrite()) + (await pendingDevices.rewrite())
    return { rewritten, unopened: left > 0 ? [`consent:${left} under way, until their links end`] : [] }
  }

  return {
    begin: encode({ kind: 'app', unopened: 0 }),
    async page(cursor, limit) {
      const { kind, from, unopened: before } = decode(cursor)
      const { ids, cursor: next } = await records.list({ kind, limit, ...(from && { cursor: from }) })
      const outcomes = await Promise.all(ids.map((id) => limited(() => rewrite({ kind, id }))))
      const unopened = ids.filter((_, index) => outcomes[index] === 'unopened').map((id) => `${kind}:${id}`)
      const last = next === undefined && kind === 'account'
      const rest = last ? await rewriteTheRest() : { rewritten: 0, unopened: [] }
      const all = [...unopened, ...rest.unopened]
      const allUnopened = before + all.length
      const done = {
        looked: ids.length,
        rewritten: outcomes.filter((outcome) => outcome === 'rewritten').length + rest.rewritten,
        unopened: all,
        allUnopened,
      }
      if (last) return { ...done, progress: 1 }
      const going: Cursor = { kind: next === undefined ? 'account' : kind, from: next, unopened: allUnopened }
      return { ...done, progress: progressOf(kind, ids), cursor: encode(going) }
    },
  }
}

function encode(cursor: Cursor): string {
  return Buffer.from(JSON.stringify(cursor)).toString('base64url')
}

function decode(text: string): Cursor {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (cause) {
    throw new BadCursor('not a cursor', { cause })
  }
}
