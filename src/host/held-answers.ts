import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { LoadedAccount } from './accounts.ts'
import type { SealedTokens, TokenPair } from './sealed-tokens.ts'

/** A provider's answer to a spent refresh token: lost, it may take the whole grant with it. */
export interface Answer {
  readonly account: string
  readonly attempt: string
  readonly grantId: string
  readonly baseGeneration: number
  readonly startedAt: number
  /** Milliseconds; null when the provider did not say. */
  readonly expiresIn: number | null
  readonly scopes: readonly string[] | null
  readonly tokens: TokenPair
}

const spooledSchema = z.object({
  account: z.string(),
  attempt: z.string(),
  grantId: z.string(),
  baseGeneration: z.number(),
  startedAt: z.number(),
  expiresIn: z.number().nullable(),
  scopes: z.array(z.string()).nullable(),
  sealed: z.string(),
})

type Spooled = z.infer<typeof spooledSchema>

const keptFor = 5 * 60_000
const longestPause = 2_000

export interface HeldAnswersOptions {
  readonly directory: string
  readonly sealed: SealedTokens
  readonly logger: Logger
  /** Offers the answer to its account. Resolves once Redis has it, or the account has no use for it. */
  store(answer: Answer, saved?: LoadedAccount): Promise<void>
}

/**
 * Holds each answer until Redis has it, however long that takes; meanwhile it lies sealed in the spool. A stored
 * answer is kept sealed for 5 min and offered again when Redis may have forgotten it (a failover).
 */
export function createHeldAnswers({ directory, sealed, logger, store }: HeldAnswersOptions) {
  const recent = new Map<string, Spooled>()
  let relenting = false
  const fileOf = (attempt: string) => join(directory, `${attempt}.json`)

  function toSpooled({ tokens, ...answer }: Answer): Spooled {
    const { account, baseGeneration: generation } = answer
    const scopes = answer.scopes === null ? null : [...answer.scopes]
    return { ...answer, scopes, sealed: sealed.seal(tokens, { account, generation, slot: 'spool' }) }
  }

  function fromSpooled({ sealed: text, ...answer }: Spooled): Answer {
    const { account, baseGeneration: generation } = answer
    return { ...answer, tokens: sealed.open(text, { account, generation, slot: 'spool' }) }
  }

  async function spool(answer: Answer): Promise<boolean> {
    const file = fileOf(answer.attempt)
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFile(`${file}.part`, JSON.stringify(toSpooled(answer)), { mode: 0o600, flush: true })
      await rename(`${file}.part`, file)
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
      spooled ||= await spool(answer)
      if (relenting && spooled) return
      await delay(pause)
    }
    if (spooled) await rm(fileOf(answer.attempt), { force: true })
    recent.set(answer.attempt, toSpooled(answer))
    setTimeout(() => recent.delete(answer.attempt), keptFor).unref()
  }

  async function readSpooled(path: string): Promise<Answer | null> {
    try {
      return fromSpooled(spooledSchema.parse(JSON.parse(await readFile(path, 'utf8'))))
    } catch (error) {
      logger.error({ err: error, path }, 'spooled answer cannot be read; it stays where it is')
      return null
    }
  }

  return {
    /** `saved` is what the answer will meet, unless somebody else has saved since. */
    hold: insist,
    /** At start, before anything may spend the tokens these answers replace. */
    async storeSpooled(): Promise<number> {
      const files = await readdir(directory).catch(() => [])
      const answers = files.filter((file) => file.endsWith('.json'))
      for (const file of answers) {
        const path = join(directory, file)
        const answer = await readSpooled(path)
        if (answer === null) continue
        await store(answer)
        await rm(path, { force: true })
      }
      return answers.length
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
