import pLimit from 'p-limit'
import { eventually } from '../support/eventually.ts'
import type { FaultProvider } from '../support/fault-provider.ts'
import { type EventFindings, judgeEvents } from '../support/judge-events.ts'
import type { Nodes } from '../support/nodes.ts'

/** The state of the provider, Redis and the streams once everything has settled. The last ones must be 0. */
export interface Findings extends EventFindings {
  readonly accounts: number
  readonly refreshes: number
  /** Strict grants whose response was lost with a killed node, as the provider confirms. */
  readonly interrupted: number
  /** Their users took them back. */
  readonly revoked: number
  readonly 'usable grants given up': number
  readonly 'dead grants taken for alive': number
  readonly 'tokens refused by the provider next': number
  readonly 'accounts that do not settle': number
}

const asksAtOnce = 8
/** Who lost one attempt after another waits longest, which is some minutes. */
const settlesWithin = 420_000

export async function judge({
  nodes,
  provider,
  names,
  say,
}: {
  nodes: Nodes
  provider: FaultProvider
  names: readonly string[]
  say(line: string): void
}): Promise<Findings> {
  const count = { interrupted: 0, revoked: 0, givenUp: 0, takenForAlive: 0, refused: 0, unsettled: 0 }
  const limit = pLimit(asksAtOnce)

  /** The final state of the account: `valid` counts only if its user has not revoked it. */
  function settled(name: string) {
    const look = async () => {
      const view = await nodes.request(`account.get.${name}`)
      const { endedBy } = provider.truth(name)
      if (view.state === 'revoked' || (view.state === 'valid' && endedBy !== 'user')) return view
      throw new Error(`${name} is ${view.state}`)
    }
    return eventually(look, { within: settlesWithin, every: 250 })
  }

  async function judgeOne(name: string): Promise<void> {
    const view = await settled(name).catch(({ message }) => {
      say(`not settled: ${message}`)
      return { state: 'unsettled', reason: '' }
    })
    const { alive, endedBy } = provider.truth(name)
    if (view.state === 'unsettled') count.unsettled++
    else if (view.state === 'revoked') {
      if (alive) count.givenUp++
      else if (endedBy === 'user') count.revoked++
      else if (view.reason === 'refresh_interrupted') count.interrupted++
    } else if (!alive) count.takenForAlive++
    else if (!(await nextTokenComes(name))) count.refused++
  }

  /** What was kept is what the provider accepts next; a busy machine may take more than one caller's patience for it. */
  async function nextTokenComes(name: string): Promise<boolean> {
    const ask = async () => {
      const reply = await nodes.request(`token.get.${name}`, { forceRefresh: true })
      if (reply.error === undefined || reply.error === 'grant_revoked') return reply
      throw new Error(`${name}: ${reply.error}`)
    }
    const { error } = await eventually(ask, { within: settlesWithin, every: 1_000 }).catch(({ message }) => {
      say(`no next token: ${message}`)
      return { error: 'none' }
    })
    return error === undefined
  }

  await Promise.all(names.map((name) => limit(() => judgeOne(name))))
  return {
    accounts: names.length,
    refreshes: names.reduce((total, name) => total + provider.truth(name).sent.length, 0),
    interrupted: count.interrupted,
    revoked: count.revoked,
    'usable grants given up': count.givenUp,
    'dead grants taken for alive': count.takenForAlive,
    'tokens refused by the provider next': count.refused,
    'accounts that do not settle': count.unsettled,
    ...(await judgeEvents(nodes.nats, say)),
  }
}
