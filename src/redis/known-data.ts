import { StartError } from '../common/start-error.ts'
import type { IdentityMarks } from './identity-marks.ts'

/** The identity of the data that a node used before, stored outside Redis. */
export interface KnownData {
  readonly identity: string
  /** The file to remove in order to start with empty data. */
  readonly rememberedIn: string
}

type MetaRecord = Readonly<Record<string, string>>

const restore = (identity: string) =>
  `restore the newest backup whose tb:meta has identity ${identity}, or correct TOKENBUS_REDIS_URL`

/**
 * Checked before anything is written: a Redis that lost its data must not be initialised again, because then a restored
 * backup could not be distinguished from it, and all accounts would be lost. Throws `StartError`.
 */
export async function refuseEmptied(
  meta: MetaRecord,
  { known, marks }: { known: KnownData | undefined; marks: IdentityMarks },
): Promise<void> {
  const anew = known && `; to begin anew, remove ${known.rememberedIn}`
  if (meta.identity !== undefined) {
    if (known === undefined || known.identity === meta.identity) return
    throw new StartError(
      `This Redis holds other data (identity ${meta.identity}) than this node worked on before: ${restore(known.identity)}${anew}.`,
    )
  }
  // A backup of a version without identities.
  if (meta['fingerprint-key'] !== undefined) return
  if (known !== undefined)
    throw new StartError(`This Redis has lost its data: ${restore(known.identity)}${anew}.`)
  const identity = await marks.any()
  if (identity !== undefined)
    throw new StartError(`This Redis has lost a part of its data, its tb:meta: ${restore(identity)}.`)
}

/** The same for a single master of a Redis Cluster, or single keys. Throws `StartError`. */
export async function refuseLostPartitions(
  meta: MetaRecord,
  { identity, marks }: { identity: string; marks: IdentityMarks },
): Promise<void> {
  const lost = meta.marked === undefined ? [] : await marks.lacking(identity)
  if (lost.length === 0) return
  throw new StartError(
    `This Redis has lost a part of its data, ${partitionsText(lost)}: restore the newest backup of what holds it.`,
  )
}

export function partitionsText(partitions: readonly number[]): string {
  const some = partitions.slice(0, 3).join(', ')
  const more = partitions.length - 3
  return `partition${partitions.length > 1 ? 's' : ''} ${some}${more > 0 ? ` and ${more} more` : ''}`
}
