import type { JetStreamManager } from 'nats'
import pLimit from 'p-limit'
import { type StreamName, streams } from '../bus/subjects.ts'

/** The last sequence number of each stream, in the order of their names. */
export type Position = readonly number[]

export interface Missed {
  /** In the order in which they were stored. */
  readonly messages: readonly { readonly subject: string; readonly data: Uint8Array }[]
  /** There is more that was missed, and is not told any more. */
  readonly gap: boolean
}

const names = Object.keys(streams).sort() as StreamName[]
const mostMissed = 1_000
const readersAtOnce = 2
const readsAtOnce = 32

export const positionText = (position: Position) => position.join('.')

/** Undefined for what was never one. */
export function readPosition(text: string): Position | undefined {
  const numbers = /^\d{1,15}(?:\.\d{1,15})*$/.test(text) ? text.split('.').map(Number) : []
  return numbers.length === names.length ? numbers : undefined
}

/** Where the streams of events are, and what came since: by sequence number, with no consumer made on the server. */
export function createEventPositions(manager: Promise<JetStreamManager>) {
  const limited = pLimit(readersAtOnce)
  const read = pLimit(readsAtOnce)

  const stateOf = async (name: StreamName) => (await (await manager).streams.info(name)).state

  async function missedOf(name: StreamName, after: number) {
    const { first_seq: first, last_seq: last } = await stateOf(name)
    const start = Math.max(first, last - mostMissed + 1, after + 1)
    // A stream that was made anew counts from 1 again.
    const gap = after > last || start > after + 1
    const from = after > last ? Math.max(first, last - mostMissed + 1) : start
    const { streams: api } = await manager
    const get = (seq: number) => api.getMessage(name, { seq }).catch(whereDeleted)
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

/** Its place in the stream is empty: it was dropped for a newer one of the same subject, or has grown too old. */
function whereDeleted(error: { code?: string; api_error?: { code: number } }): undefined {
  if (error.api_error?.code === 404 || error.code === '404') return undefined
  throw error
}
