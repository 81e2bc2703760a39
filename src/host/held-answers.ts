import type { Logger } from 'pino'
import { z } from 'zod'
import type { Resource } from '../../machines/index.ts'
import { nullIfTampered } from '../redis/integrity.ts'
import type { Timers } from '../timers.ts'
import type { LoadedAccount } from './accounts.ts'
import type { SealedTokens, TokenPair } from './sealed-tokens.ts'
import type { Spool } from './spool.ts'

/** A provider's answer to a spent refresh token: lost, it may take the whole grant with it. */
export interface Answer {
  readonly account: string
  readonly attempt: string
  readonly grantId: string
  readonly baseGeneration: number
  readonly startedAt: number
  /** Milliseconds; null when the provider did not say. */
  readonly expiresIn: number | null
  readonly refreshTokenExpiresIn: number | null
  readonly scopes: readonly string[] | null
  readonly scopesCut?: true | undefined
  readonly resource: Resource | null
  readonly tokens: TokenPair
}

const scopes = z.array(z.string()).readonly()
const spooledSchema = z.object({
  account: z.string(),
  attempt: z.string(),
  grantId: z.string(),
  baseGeneration: z.number(),
  startedAt: z.number(),
  expiresIn: z.number().nullable(),
  refreshTokenExpiresIn: z.number().nullable(),
  scopes: scopes.nullable(),
  scopesCut: z.literal(true).optional(),
  /** Absent from what was spooled before there were second tokens. */
  resource: z.object({ key: z.string(), scopes }).nullable().default(null),
  sealed: z.string(),
})

type Spooled = z.infer<typeof spooledSchema>

const keptFor = 5 * 60_000
/** Characters of sealed answers. */
const mostKept = 33_554_432
const longestPause = 2_000

export interface HeldAnswersOptions {
  readonly spool: Spool
  readonly timers: Timers
  readonly sealed: SealedTokens
  readonly logger: Logger
  /** Offers the answer to its account. Resolves once Redis has it, or the account has no use for it. */
  store(answer: Answer, saved?: LoadedAccount): Promise<void>
}

/**
 * Holds each answer until Redis has it, however long that takes; meanwhile it lies sealed in the spool. A stored
 * answer is kept sealed for 5 min and offered again when Redis may have forgotten it (a failover).
 */
export function createHeldAnswers({ spool, sealed, timers, logger, store }: HeldAnswersOptions) {
  const recent = new Map<string, Spooled>()
  let recentSize = 0
  let relenting = false

  function toSpooled({ tokens, ...answer }: Answer): Spooled {
    const { account, baseGeneration: generation } = answer
    return { ...answer, sealed: sealed.seal(tokens, { account, generation, slot: 'spool' }) }
  }

  function fromSpooled({ sealed: text, ...answer }: Spooled): Answer {
    const { account, baseGeneration: generation } = answer
    return { ...answer, tokens: sealed.open(text, { account, generation, slot: 'spool' }) }
  }

  /** Redis has it: it is kept for a failover that forgets it, and the oldest make room. */
  function remember(spooled: Spooled): void {
    recent.set(spooled.attempt, spooled)
    recentSize += spooled.sealed.length
    for (const [attempt, oldest] of recent) {
      if (recentSize <= mostKept) break
      forget(attempt, oldest)
    }
    timers.after(keptFor, () => forget(spooled.attempt, spooled))
  }

  function forget(attempt: string, spooled: Spooled): void {
    if (recent.get(attempt) !== spooled) return
    recent.delete(attempt)
    recentSize -= spooled.sealed.length
  }

  async function keepAside(answer: Answer): Promise<boolean> {
    try {
      await spool.write(answer.attempt, JSON.stringify(toSpooled(answer)))
      return true
    } catch (error) {
      logger.error(
        { err: error, account: answer.account },
        'answer held in memory only: the spool cannot be written',
      )
      return false
    }
  }

  async function insist(answer: Answer, saved: LoadedAccount): Promise<void> {
    let spooled = false
    let expected: LoadedAccount | undefined = saved
    for (let pause = 50; ; pause = Math.min(pause * 2, longestPause)) {
      try {
        await store(answer, expected)
        break
      } catch (error) {
        expected = undefined
        logger.warn(
          { err: error, account: answer.account, attempt: answer.attempt },
          'answer held: storage refuses it',
        )
      }
      spooled ||= await keepAside(answer)
      if (relenting && spooled) return
      await timers.delay(pause)
    }
    if (spooled) await spool.remove(answer.attempt)
    remember(toSpooled(answer))
  }

  async function readSpooled(name: string): Promise<Answer | null> {
    try {
      return fromSpooled(spooledSchema.parse(JSON.parse(await spool.read(name))))
    } catch (error) {
      logger.error({ err: error, name }, 'spooled answer cannot be read; it stays where it is')
      return null
    }
  }

  /** An account that is tampered with keeps its answer in the spool, and the node from nothing. */
  async function isRefused(answer: Answer): Promise<boolean> {
    const stored = await store(answer)
      .then(() => true)
      .catch(nullIfTampered)
    return stored === null
  }

  return {
    /** `saved` is what the answer will meet, unless somebody else has saved since. */
    hold: insist,
    /** At start, before anything may spend the tokens these answers replace. */
    async storeSpooled(): Promise<number> {
      const names = await spool.names()
      for (const name of names) {
        const answer = await readSpooled(name)
        if (answer === null || (await isRefused(answer))) continue
        await spool.remove(name)
      }
      return names.length
    },
    /** After a reconnect or a failover. What Redis still has it declines: an answer is known by what it spent. */
    async offerAgain(): Promise<void> {
      await Promise.all([...recent.values()].map((answer) => store(fromSpooled(answer))))
    },
    /** From now on an answer that lies safe in the spool may wait there for the next start. */
    relent(): void {
      relenting = true
    },
  }
}
