import pLimit from 'p-limit'
import { z } from 'zod'
import type { KeyRotation, Tokenbus } from '../api.ts'
import { fail, ok, type Result } from '../failures.ts'
import { partitionOf } from '../redis/keys.ts'
import { BadCursor, type Records, type Ref } from '../redis/records.ts'
import { SealError, type Sealer } from '../redis/seal.ts'
import type { Accounts } from './accounts.ts'
import type { Apps } from './apps.ts'

export interface KeyRotationOptions {
  readonly records: Pick<Records, 'list'>
  readonly accounts: Pick<Accounts, 'reseal'>
  readonly apps: Pick<Apps, 'reseal'>
  readonly sealer: Pick<Sealer, 'keyIds'>
  readonly partitions: number
  /** When nothing is sealed with the other keys any more. Answers their ids. */
  retireKeys(): Promise<string[]>
}

/** Where a rotation stands, and what it could not open on the way. */
const cursorSchema = z.strictObject({
  kind: z.enum(['app', 'account']),
  from: z.string().optional(),
  unopened: z.int().nonnegative(),
})
type Cursor = z.output<typeof cursorSchema>

const defaultPage = 100
const atOnce = 16

/**
 * Seals everything anew with the key of today, a page a request, while it is in use: each record by the usual
 * compare-and-set. Killed anywhere, it is begun again, and passes over what is done.
 */
export function createKeyRotation(options: KeyRotationOptions): Pick<Tokenbus, 'rotateKeys'> {
  const { records, accounts, apps, partitions, retireKeys } = options
  const [sealing = ''] = options.sealer.keyIds
  const limited = pLimit(atOnce)

  async function reseal(ref: Ref): Promise<'resealed' | 'current' | 'unopened'> {
    try {
      return (await { account: accounts, app: apps }[ref.kind].reseal(ref.id)) ? 'resealed' : 'current'
    } catch (error) {
      if (error instanceof SealError) return 'unopened'
      throw error
    }
  }

  /** Apps come first and are few; accounts are listed partition after partition. */
  function progressOf(kind: Ref['kind'], ids: readonly string[]): number {
    const last = ids.at(-1)
    return kind === 'app' || last === undefined ? 0 : partitionOf(last, partitions) / partitions
  }

  async function page({ kind, from, unopened: before }: Cursor, limit: number): Promise<KeyRotation> {
    const { ids, cursor } = await records.list({ kind, limit, ...(from && { cursor: from }) })
    const outcomes = await Promise.all(ids.map((id) => limited(() => reseal({ kind, id }))))
    const unopened = ids.filter((_, index) => outcomes[index] === 'unopened').map((id) => `${kind}:${id}`)
    const all = before + unopened.length
    const done = {
      key: sealing,
      looked: ids.length,
      resealed: outcomes.filter((outcome) => outcome === 'resealed').length,
      unopened,
    }
    if (cursor !== undefined || kind === 'app') {
      const next: Cursor = { kind: cursor === undefined ? 'account' : kind, from: cursor, unopened: all }
      return { ...done, progress: progressOf(kind, ids), cursor: encode(next) }
    }
    return { ...done, progress: 1, ...(all === 0 && { retired: await retireKeys() }) }
  }

  return {
    async rotateKeys({ key, cursor, limit = defaultPage }): Promise<Result<KeyRotation>> {
      if (key !== sealing) {
        return fail(
          'conflict',
          `key: this node seals with ${sealing}; put the new key first in its TOKENBUS_KEYS`,
        )
      }
      try {
        return ok(await page(decode(cursor), limit))
      } catch (error) {
        if (error instanceof BadCursor) return fail('bad_request', 'cursor: not one that a page answered')
        throw error
      }
    },
  }
}

const encode = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url')

function decode(text: string | undefined): Cursor {
  if (text === undefined) return { kind: 'app', unopened: 0 }
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (cause) {
    throw new BadCursor('not a cursor', { cause })
  }
}
