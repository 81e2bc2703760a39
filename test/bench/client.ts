import { connect } from 'nats'
import { connectTokens, type Tokens } from '../../src/client/index.ts'
import type { Bench, Finding } from './finding.ts'
import { type Contender, inTurns, keepInFlight } from './in-turns.ts'

const accounts = 1_000
const reads = 2_000_000
const clientsPerRound = 5
const rounds = 5
const inFlight = 64

/** The client's own share of a read: over a Map that has the token, and over NATS when it has not. */
export async function benchClient({ natsUrl }: Bench): Promise<Finding[]> {
  const ids = Array.from({ length: accounts }, (_, i) => `valid${i}`)
  await using tokens = await connectTokens({ servers: natsUrl })
  const answers = await Promise.all(ids.map((id) => tokens.get(id)))
  const map = new Map(answers.map((token) => [token.account, token]))
  const readAll = (name: string, read: (id: string) => unknown): Contender => ({
    name,
    async run() {
      for (let i = 0; i < reads; i++) await read(ids[i % accounts] as string)
      return { count: reads }
    },
  })
  const [cached, awaited, bare] = await inTurns([
    readAll('tokens.get', (id) => tokens.get(id)),
    readAll('awaited', (id) => map.get(id)),
    {
      name: 'bare',
      async run() {
        let count = 0
        for (let i = 0; i < reads; i++) if (map.get(ids[i % accounts] as string) !== undefined) count++
        return { count }
      },
    },
  ])

  const nats = await connect({ servers: natsUrl, noAsyncTraces: true })
  // Each with nothing in its memory yet.
  const fresh: Tokens[] = []
  for (let i = 0; i < clientsPerRound * (rounds + 1); i++)
    fresh.push(await connectTokens({ servers: natsUrl }))
  const count = accounts * clientsPerRound
  let asked = 0
  const uncached = {
    name: 'uncached',
    async run() {
      for (const client of fresh.slice(asked, asked + clientsPerRound))
        await keepInFlight({ count: accounts, inFlight }, (i) => client.get(ids[i] as string))
      asked += clientsPerRound
      return { count }
    },
  }
  const request = {
    name: 'request',
    run: () =>
      keepInFlight({ count, inFlight }, async (i) =>
        (await nats.request(`token.get.${ids[i % accounts]}`)).json(),
      ),
  }
  const [answered, floor] = await inTurns([uncached, request], { rounds })
  await Promise.all(fresh.map((client) => client.close()))
  await nats.close()
  return [
    finding('client: tokens.get, from memory', cached, 'bare Map look-up loop', bare),
    finding('client: tokens.get, from memory', cached, 'the same loop, awaiting', awaited),
    finding('client: tokens.get, not in memory, 64 in flight', answered, 'bare NATS request, parsed', floor),
  ]
}

type Rate = { readonly perSecond: number } | undefined

function finding(what: string, measured: Rate, floor: string, floorRate: Rate): Finding {
  return {
    what,
    perSecond: measured?.perSecond ?? 0,
    floor,
    floorPerSecond: floorRate?.perSecond ?? 0,
  }
}
