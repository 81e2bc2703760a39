import { connect, type NatsConnection } from 'nats'
import type { Contender } from './in-turns.ts'

const inFlight = 256

/** Requests over one connection, 256 in flight, replies matched by a counter on one private inbox. */
export async function createRequester(natsUrl: string) {
  const nats = await connect({ servers: natsUrl })
  const waiting = new Map<string, (ok: boolean) => void>()
  const inbox = `_INBOX_bench_${Math.random().toString(36).slice(2)}`
  let next = 0
  nats.subscribe(`${inbox}.*`, {
    callback(_, message) {
      const id = message.subject.slice(inbox.length + 1)
      waiting.get(id)?.(message.data.length > 0 && !message.headers?.hasError)
      waiting.delete(id)
    },
  })

  function request(subject: string, payload?: Uint8Array): Promise<boolean> {
    const id = String(next++)
    const answered = new Promise<boolean>((resolve) => waiting.set(id, resolve))
    nats.publish(subject, payload, { reply: `${inbox}.${id}` })
    return answered
  }

  return {
    nats,
    request,
    /** `count` requests to the subjects in turn; throws if one of them is answered by a failure. */
    contender(
      name: string,
      {
        count,
        subject,
        payload,
      }: { count: number; subject: (index: number) => string; payload?: Uint8Array },
    ): Contender {
      return {
        name,
        async run() {
          let index = 0
          let failed = 0
          const worker = async () => {
            while (index < count) if (!(await request(subject(index++), payload))) failed++
          }
          await Promise.all(Array.from({ length: inFlight }, worker))
          if (failed > 0) throw new Error(`${name}: ${failed} requests failed`)
          return { count }
        },
      }
    },
    close: (): Promise<void> => (nats as NatsConnection).close(),
  }
}
