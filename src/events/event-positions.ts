import type { JetStreamManager } from 'nats'
import pLimit from 'p-limit'
import { type StreamName, streams } from '../bus/subjects.ts'

/** The last sequence number of each stream, in the order of their names. */
export type Position = readonly number[]

export interface Missed {
  /** In the order in which they were stored. */
  readonly messages: readonly { readonly subject: string; readonly data: Uint8Array }[]
  /** More events were missed than are returned. */
  readonly gap: boolean
}

const names = Object.keys(streams).sort() as StreamName[]
const maxMissed = 1_000
const readersAtOnce = 2
const readsAtOnce = 32

export const positionText = (position: Position) => position.join('.')

/** Undefined if the text is not a position. */
export function readPosition(text: string): Position | undefined {
  const numbers = /^\d{1,15}(?:\.\d{1,15})*$/.test(text) ? text.split('.').map(Number) : []
  return numbers.length === names.length ? numbers : undefined
}

/** The streams' current positions, and the events since one; reads by sequence number, without creating consumers. */
export function createEventPositions(manager: Promise<JetStreamManager>) {
  const limited = pLimit(readersAtOnce)
  const read = pLimit(readsAtOnce)

  const stateOf = async (name: StreamName) => (await (await manager).streams.info(name)).state

  async function missedOf(name: StreamName, after: number) {
    const { first_seq: first, last_seq: last } = await stateOf(name)
    const start = Math.max(first, last - maxMissed + 1, after + 1)
    // A recreated stream counts from 1 again.
    const gap = after > last || start > after + 1
    const from = after > last ? Math.max(first, last - maxMissed + 1) : start
    const { streams: api } = await manager
    const get = (seq: number) => api.getMessage(name, { seq }).catch(ignoreDeleted)
    const wanted = Array.from({ length: Math.max(0, last - from + 1) }, (_, i) => from + i)
    const found = await Promise.all(wanted.map((seq) => read(() => get(seq))))
    return { gap, messages: found.flatMap((each) => each ?? []) }
  }

  return {
    now: async (): Promise<Position> =>
      Promise.all(names.map(async (name) => (await stateOf(name)).last_seq)),
    since: (position: Position): Promise<Missed> =>
      limited(async () => {
        const all = await Promise.all(names.map((name, i) => missedOf(name, position[i] as number)))
        return {
          gap: all.some(({ gap }) => gap),
          messages: all
            .flatMap(({ messages }) => messages)
            .sort((a, b) => a.time.getTime() - b.time.getTime()),
        }
      }),
  }
}

/** A deleted message: replaced by newer ones of the same subject, or expired. */
function ignoreDeleted(error: { code?: string; api_error?: { code: number } }): undefined {
  if (error.api_error?.code === 404 || error.code === '404') return undefined
  throw error
}
