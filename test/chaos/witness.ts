import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'nats'

export interface Witnessed {
  readonly reads: number
  readonly served: number
  /** The node with the request was killed, or there was none. */
  readonly unanswered: number
  readonly 'stale tokens served': number
  readonly 'tokens served after their revocation': number
}

interface Known {
  readonly generation: number
  readonly ended: boolean
}

const readersAtOnce = 8
const pause = 25
/** By then every running node must have received what was published. */
const newsTravels = 2_000

/** Reads tokens continuously, as services do, and compares each reply with the events received before. */
export async function startWitness({ url, names }: { url: string; names: readonly string[] }) {
  const nats = await connect({ servers: url })
  const known = new Map<string, Known>()
  const count = {
    reads: 0,
    served: 0,
    unanswered: 0,
    'stale tokens served': 0,
    'tokens served after their revocation': 0,
  }
  let over = false

  function hear(subject: 'token.refreshed.*' | 'token.invalid.*', ended: boolean): void {
    nats.subscribe(subject, {
      callback(_, message) {
        const { account, generation } = message.json<{ account: string; generation: number }>()
        const tell = () => known.set(account, { generation, ended })
        if ((known.get(account)?.generation ?? 0) <= generation) setTimeout(tell, newsTravels)
      },
    })
  }

  async function read(): Promise<void> {
    const name = names[Math.floor(Math.random() * names.length)] as string
    const before = known.get(name)
    count.reads++
    const reply = await nats.request(`token.get.${name}`, undefined, { timeout: 5_000 }).catch(() => null)
    if (reply === null) return void count.unanswered++
    const { accessToken, generation } = reply.json<{ accessToken?: string; generation: number }>()
    if (accessToken === undefined) return
    count.served++
    if (before === undefined) return
    if (before.ended && generation <= before.generation) count['tokens served after their revocation']++
    else if (generation < before.generation) count['stale tokens served']++
  }

  async function keepReading(): Promise<void> {
    while (!over) {
      await read()
      await delay(pause)
    }
  }

  hear('token.refreshed.*', false)
  hear('token.invalid.*', true)
  const readers = Array.from({ length: readersAtOnce }, keepReading)
  return {
    /** Stops reading, and returns what it saw. */
    async stop(): Promise<Witnessed> {
      over = true
      await Promise.all(readers)
      await nats.close()
      return count
    },
  }
}
