import type { Logger } from 'pino'
import type { SealedTokens } from '../actors/sealed-tokens.ts'
import type { Observer } from '../common/observer.ts'
import type { ArrivedStore } from '../redis/arrived-store.ts'
import type { Sealer } from '../redis/seal.ts'
import { StorageUnavailable } from '../redis/storage-unavailable.ts'
import { type Answer, openAnswer, parseSealedAnswer, sealAnswer } from './answer-text.ts'

export interface ArrivedAnswersOptions {
  readonly arrived: ArrivedStore
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'>
  readonly sealed: SealedTokens
  readonly logger: Logger
  readonly observer: Pick<Observer, 'answerKept'>
  /** Stores it in its account, or throws. */
  store(answer: Answer): Promise<void>
  /** Records on the account that an answer waits for it. */
  note(answer: Answer): Promise<void>
}

export interface ArrivedAnswers {
  /** `fault`: why the answer could not be stored. Rejects with `StorageUnavailable` if it could not be kept either. */
  keep(answer: Answer, fault: unknown): Promise<void>
  /** Stores the answers kept for the account. False if some could not be stored: then nothing may be sent. */
  storeKept(account: string): Promise<boolean>
  /** Re-encrypts answers encrypted with another key. */
  reseal(account: string): Promise<void>
  forget(account: string): Promise<void>
}

const slot = 'arrived'
const claimAfter = 5_000

/**
 * Answers that could not be stored in their account because of a bug. They are kept encrypted beside its record until a
 * node, possibly of a fixed version, stores them. Meanwhile nothing is sent for the account.
 */
export function createArrivedAnswers(options: ArrivedAnswersOptions): ArrivedAnswers {
  const { arrived, sealer, sealed, logger, observer } = options

  function toText(answer: Answer): string {
    const { account, baseGeneration: generation } = answer
    return sealer.seal({ text: JSON.stringify(sealAnswer(sealed, answer)), account, generation, slot })
  }

  function fromText(account: string, text: string): Answer {
    return openAnswer(sealed, parseSealedAnswer(sealer.open({ sealed: text, account, slot }).reveal()))
  }

  function logKept(error: unknown, answer: Pick<Answer, 'account' | 'attempt'>): void {
    observer.answerKept()
    const { account, attempt } = answer
    logger.error(
      { err: error, account, attempt },
      'internal error: an answer cannot be stored; it is kept encrypted, and nothing is sent for the account until it is stored',
    )
  }

  return {
    async keep(answer, fault) {
      const { account, attempt } = answer
      await arrived.keep(account, { attempt, sealed: toText(answer), dueIn: claimAfter })
      logKept(fault, answer)
      await options
        .note(answer)
        .catch((error) =>
          logger.warn({ err: error, account }, 'the kept answer could not be recorded on its account'),
        )
    },
    async storeKept(account) {
      let all = true
      for (const { attempt, sealed: text } of await arrived.read(account)) {
        try {
          await options.store(fromText(account, text))
          await arrived.remove(account, attempt)
          logger.info({ account, attempt }, 'a kept answer was stored')
        } catch (error) {
          if (error instanceof StorageUnavailable) throw error
          logKept(error, { account, attempt })
          all = false
        }
      }
      return all
    },
    async reseal(account) {
      for (const { attempt, sealed: text } of await arrived.read(account)) {
        if (!sealer.isStale(text)) continue
        const resealed = toText(fromText(account, text))
        await arrived.keep(account, { attempt, sealed: resealed, dueIn: claimAfter })
      }
    },
    forget: (account) => arrived.removeAll(account),
  }
}
