import { parseTokens, serializeTokens } from '../actors/sealed-tokens.ts'
import type { Timers } from '../common/timers.ts'
import type { Sealer } from '../redis/seal.ts'
import type { Answer } from './answer-text.ts'

export interface RecentAnswers {
  /** Beyond the limit the oldest are dropped. */
  add(answer: Answer): void
  /** The oldest first. */
  all(): Answer[]
}

const keptFor = 5 * 60_000
/** Maximum number of characters of encrypted answers. */
const maxKeptCharacters = 33_554_432
const encryptedWithin = 1_000
const maxTogether = 64
const place = { account: '', generation: 0, slot: 'recent answers' }

type PlainAnswer = Omit<Answer, 'tokens'> & { readonly tokens: string }

/** Stored answers that a failover may lose. Encrypted several at once, because each encryption takes a few percent of the CPU of a refresh. */
export function createRecentAnswers({
  sealer,
  timers,
}: {
  readonly sealer: Pick<Sealer, 'seal' | 'open'>
  readonly timers: Pick<Timers, 'after'>
}): RecentAnswers {
  const batches = new Set<string>()
  let size = 0
  let fresh: Answer[] = []
  let cancel = () => {}

  function drop(batch: string): void {
    if (batches.delete(batch)) size -= batch.length
  }

  function encryptFresh(): void {
    cancel()
    const plain = fresh.map(
      ({ tokens, ...answer }): PlainAnswer => ({ ...answer, tokens: serializeTokens(tokens) }),
    )
    const batch = sealer.seal({ text: JSON.stringify(plain), ...place })
    fresh = []
    batches.add(batch)
    size += batch.length
    for (const oldest of batches) {
      if (size <= maxKeptCharacters) break
      drop(oldest)
    }
    timers.after(keptFor, () => drop(batch))
  }

  function open(batch: string): Answer[] {
    const plain = JSON.parse(sealer.open({ sealed: batch, ...place }).reveal()) as PlainAnswer[]
    return plain.map(({ tokens, ...answer }) => ({ ...answer, tokens: parseTokens(tokens) }))
  }

  return {
    add(answer) {
      fresh.push(answer)
      if (fresh.length === 1) cancel = timers.after(encryptedWithin, encryptFresh)
      if (fresh.length === maxTogether) encryptFresh()
    },
    all: () => [...[...batches].flatMap(open), ...fresh],
  }
}
