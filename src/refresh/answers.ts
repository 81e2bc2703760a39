import type { Logger } from 'pino'
import type { AccountMeeting, Accounts, LoadedAccount } from '../actors/account-actor.ts'
import type { SealedTokens } from '../actors/sealed-tokens.ts'
import type { Observer } from '../common/observer.ts'
import type { Timers } from '../common/timers.ts'
import type { Records, StoredRecord } from '../redis/records.ts'
import type { Sealer } from '../redis/seal.ts'
import type { Answer } from './answer-text.ts'
import { createArrivedAnswers } from './arrived-answers.ts'
import { createPendingAnswers } from './pending-answers.ts'
import type { Spool } from './spool.ts'

export interface AnswersOptions {
  readonly records: Pick<Records, 'arrived'>
  readonly accounts: Pick<Accounts, 'receive'>
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'>
  readonly sealed: SealedTokens
  readonly spool: Spool
  readonly timers: Timers
  readonly logger: Logger
  readonly observer: Observer
  /** With replicas: false if none has the account's last save yet. */
  confirmed(account: string, record: StoredRecord): Promise<boolean>
}

/** Stores new tokens; holds them while Redis is unavailable, and keeps them aside while a bug prevents storing. */
export function createAnswers({ accounts, records, logger, confirmed, ...options }: AnswersOptions) {
  async function store({ account, tokens, ...answer }: Answer, saved?: LoadedAccount): Promise<void> {
    const succeeded = ({ at, eventId: id }: AccountMeeting) => ({
      event: {
        type: 'refresh.succeeded' as const,
        at,
        id,
        ...answer,
        rotated: tokens.refreshToken !== undefined,
      },
      extra: { tokens },
    })
    const { taken, record } = await accounts.receive(account, succeeded, saved)
    // A failover may lose a save that no replica has, so the answer is kept and delivered again.
    if (taken && !(await confirmed(account, record)))
      logger.warn({ account }, 'answer stored, but not acknowledged by a replica yet')
  }

  async function note({ account, attempt }: Answer): Promise<void> {
    await accounts.receive(account, ({ at, eventId: id }) => ({
      event: { type: 'refresh.kept', at, id, attempt },
    }))
  }

  const { arrived } = records
  const arrivedAnswers = createArrivedAnswers({ ...options, arrived, logger, store, note })
  const pendingAnswers = createPendingAnswers({ ...options, logger, store, keep: arrivedAnswers.keep })
  return { arrivedAnswers, pendingAnswers }
}
