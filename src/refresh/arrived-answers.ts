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
  /** Makes it part of its account, or throws. */
  store(answer: Answer): Promise<void>
  /** Notes on the account that an answer waits for it. */
  note(answer: Answer): Promise<void>
}

export interface ArrivedAnswers {
  /** Rejects with `StorageUnavailable`: then it is not kept. `fault`: why it could not be stored. */
  keep(answer: Answer, fault: unknown): Promise<void>
  /** Stores what waits for the account. False where something has to wait on: nothing may be sent. */
  takeUp(account: string): Promise<boolean>
  /** Seals anew what was sealed with another key. */
  reseal(account: string): Promise<void>
  forget(account: string): Promise<void>
}

const slot = 'arrived'
const claimAfter = 5_000

/**
 * Answers that could not be made part of their account through a fault of ours. They lie sealed beside its record until
 * some node, this one or one of a repaired version, stores them. Meanwhile nothing of the account is sent.
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

  function tell(error: unknown, about: Pick<Answer, 'account' | 'attempt'>): void {
    observer.answerKept()
    const { account, attempt } = about
    logger.error(
      { err: error, account, attempt },
      'internal error: an answer cannot be stored; it is kept sealed, and nothing is sent for the account until it is',
    )
  }

  return {
    async keep(answer, fault) {
      const { account, attempt } = answer
      await arrived.keep(account, { attempt, sealed: toText(answer), dueIn: claimAfter })
      tell(fault, answer)
      await options
        .note(answer)
        .catch((error) => logger.warn({ err: error, account }, 'not noted on the account'))
    },
    async takeUp(account) {
      let all = true
      for (const { attempt, sealed: text } of await arrived.read(account)) {
        try {
          await options.store(fromText(account, text))
          await arrived.remove(account, attempt)
          logger.info({ account, attempt }, 'an answer that was kept is stored')
        } catch (error) {
          if (error instanceof StorageUnavailable) throw error
          tell(error, { account, attempt })
          all = false
        }
      }
      return all
    },
    async reseal(account) {
      for (const { attempt, sealed: text } of await arrived.read(account)) {
        if (!sealer.isStale(text)) continue
        const anew = toText(fromText(account, text))
        await arrived.keep(account, { attempt, sealed: anew, dueIn: claimAfter })
      }
    },
    forget: (account) => arrived.removeAll(account),
  }
}
