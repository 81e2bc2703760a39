import type { Logger } from 'pino'
import type { LoadedAccount } from '../actors/account-actor.ts'
import type { SealedTokens } from '../actors/sealed-tokens.ts'
import type { Timers } from '../common/timers.ts'
import { Tampered } from '../redis/integrity.ts'
import type { Sealer } from '../redis/seal.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import { type Answer, openAnswer, parseSealedAnswer, sealAnswer } from './answer-text.ts'
import { createRecentAnswers } from './recent-answers.ts'
import type { Spool } from './spool.ts'

const longestPause = 2_000

export interface PendingAnswersOptions {
  readonly spool: Spool
  readonly timers: Timers
  readonly sealer: Pick<Sealer, 'seal' | 'open'>
  readonly sealed: SealedTokens
  readonly logger: Logger
  /** Delivers the answer to its account. Resolves once it is stored, or the account does not need it. */
  store(answer: Answer, saved?: LoadedAccount): Promise<void>
  /** For an answer that `store` fails on although Redis works: keeps it in Redis uninterpreted. */
  keep(answer: Answer, fault: unknown): Promise<void>
}

/** The outcome: stored in its account, or kept beside it. */
export type StoreOutcome = 'stored' | 'kept'

export interface PendingAnswers {
  /** `saved`: the account as last saved, unless another node has saved since. */
  store(answer: Answer, saved: LoadedAccount): Promise<StoreOutcome | null>
  /** At the start, before anything can use the tokens that these answers replace. */
  storeSpooled(): Promise<number>
  /** After a reconnect or failover. Delivery is idempotent: an answer is identified by the token it used. */
  redeliver(): Promise<void>
  /** From now on spooled answers may wait for the next start. */
  stopRetrying(): void
}

/**
 * Holds each answer until Redis has stored it, without a time limit; meanwhile it is in the spool, encrypted. A stored answer
 * is kept encrypted for 5 min, and delivered again when Redis may have lost it (a failover).
 */
export function createPendingAnswers({
  spool,
  sealer,
  sealed,
  timers,
  logger,
  store,
  keep,
}: PendingAnswersOptions): PendingAnswers {
  const recent = createRecentAnswers({ sealer, timers })
  let stopping = false

  async function writeToSpool(answer: Answer): Promise<boolean> {
    try {
      await spool.write(answer.attempt, JSON.stringify(sealAnswer(sealed, answer)))
      return true
    } catch (error) {
      logger.error(
        { err: error, account: answer.account },
        'answer held in memory only: the spool cannot be written',
      )
      return false
    }
  }

  /** A bug does not affect Redis, so the answer is kept there at once, uninterpreted. */
  async function deliver(answer: Answer, saved?: LoadedAccount): Promise<StoreOutcome> {
    try {
      await store(answer, saved)
      return 'stored'
    } catch (error) {
      if (error instanceof StorageUnavailable || error instanceof Tampered) throw error
      await keep(answer, error)
      return 'kept'
    }
  }

  /** Null if it may wait in the spool for the next start. */
  async function storeWithRetry(answer: Answer, saved: LoadedAccount): Promise<StoreOutcome | null> {
    let spooled = false
    let expected: LoadedAccount | undefined = saved
    let outcome: StoreOutcome | undefined
    for (let pause = 50; outcome === undefined; pause = Math.min(pause * 2, longestPause)) {
      try {
        outcome = await deliver(answer, expected)
      } catch (error) {
        expected = undefined
        logger.warn(
          { err: error, account: answer.account, attempt: answer.attempt },
          'answer held: it cannot be stored now',
        )
        spooled ||= await writeToSpool(answer)
        if (stopping && spooled) return null
        await timers.delay(pause)
      }
    }
    if (spooled) await spool.remove(answer.attempt)
    recent.add(answer)
    return outcome
  }

  async function readSpooled(name: string): Promise<Answer | null> {
    try {
      return openAnswer(sealed, parseSealedAnswer(await spool.read(name)))
    } catch (error) {
      logger.error({ err: error, name }, 'spooled answer cannot be read; it stays where it is')
      return null
    }
  }

  /** The answer of a tampered account stays in the spool, and does not block the node. */
  async function isRefused(answer: Answer): Promise<boolean> {
    try {
      await deliver(answer)
      return false
    } catch (error) {
      if (error instanceof Tampered) return true
      throw error
    }
  }

  return {
    store: storeWithRetry,
    async storeSpooled() {
      const names = await spool.names()
      for (const name of names) {
        const answer = await readSpooled(name)
        if (answer === null || (await isRefused(answer))) continue
        await spool.remove(name)
      }
      return names.length
    },
    async redeliver() {
      await Promise.all(recent.all().map((answer) => deliver(answer)))
    },
    stopRetrying() {
      stopping = true
    },
  }
}
