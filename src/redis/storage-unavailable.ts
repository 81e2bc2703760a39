import { ExpectedError } from '../contract/expected-error.ts'
import { fail } from '../contract/failures.ts'

/** `lost`: another Redis answers, or this one without its data. `forbidden`: its ACL. */
export type StorageTrouble = 'unreachable' | 'full' | 'read_only' | 'disk' | 'forbidden' | 'lost'

const sentences: Readonly<Record<StorageTrouble, string>> = {
  unreachable: 'the storage cannot be reached',
  full: 'the storage is full: Redis has reached its maxmemory',
  read_only: 'the storage is read-only: Redis is a replica',
  disk: 'the storage rejects writes: Redis cannot write to its disk',
  forbidden: "the storage refuses a command: the ACL of tokenbus' Redis user lacks it",
  lost: 'the storage has lost its data',
}

export const storageTroubles = Object.keys(sentences) as StorageTrouble[]

/** The messages for callers. */
export const sentenceOf = (why: StorageTrouble) => sentences[why]

/** Redis is unreachable, refuses a command, or did not reply in time, so that the outcome is unknown. */
export class StorageUnavailable extends ExpectedError {
  readonly why: StorageTrouble

  constructor(
    message?: string,
    { why = 'unreachable', ...options }: ErrorOptions & { why?: StorageTrouble } = {},
  ) {
    super(message ?? sentenceOf(why), options)
    this.why = why
  }

  get failed() {
    return fail('storage_unavailable', sentenceOf(this.why), { retryAfter: 1 })
  }
}
