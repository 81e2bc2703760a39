import { setTimeout as delay } from 'node:timers/promises'
import { startFaultProvider } from '../support/fault-provider.ts'
import { startNodes } from '../support/nodes.ts'
import { connectAll } from './connect-all.ts'
import { type Findings, judge } from './judge.ts'
import { type OperatorFindings, startOperators } from './operators.ts'
import { startWitness, type Witnessed } from './witness.ts'

const nodesAtOnce = 3
/** Milliseconds between a node's start and its death. */
const longestLife = 3_000
/** One account in so many is taken back by its user on the way. */
const revokedOutOf = 40

export interface ChaosOptions {
  readonly kills: number
  readonly accounts: number
  say(line: string): void
}

export interface ChaosFindings extends Findings, Witnessed, OperatorFindings {
  readonly kills: number
  readonly seconds: number
}

/**
 * Kills nodes at random while thousands of accounts refresh, users take grants back, services read and two operators
 * write, then asks the provider, the streams, the readers and the operators for the truth.
 */
export async function chaos({ kills, accounts, say }: ChaosOptions): Promise<ChaosFindings> {
  await using nodes = await startNodes()
  await using provider = await startFaultProvider({ expiresIn: 12 })
  const startNode = () => nodes.startNode({ TOKENBUS_LOG_LEVEL: 'info' })
  const first = await Promise.all(Array.from({ length: nodesAtOnce }, startNode))
  const names = await connectAll(nodes, provider, accounts)
  say(`${accounts} accounts connected`)
  const witness = await startWitness({ url: nodes.natsServer.url, names })
  const operators = startOperators({ request: nodes.request, provider, names, say })
  const began = performance.now()
  let killed = 0

  function revokeSome(): void {
    const due = Math.floor((accounts / revokedOutOf) * (killed / kills))
    for (let i = 0; i < due; i++) provider.end(names[i * revokedOutOf] as string)
  }

  /** The others continue, or are killed too. */
  async function keepKilling(node: Awaited<ReturnType<typeof startNode>>): Promise<void> {
    let victim = node
    while (killed < kills) {
      await delay(Math.random() * longestLife)
      if (++killed % 25 === 0)
        say(`${killed} kills after ${Math.round((performance.now() - began) / 1_000)} s`)
      victim.signal('SIGKILL')
      await victim.ended
      victim = await startNode()
      revokeSome()
    }
  }

  await Promise.all(first.map(keepKilling))
  const seconds = Math.round((performance.now() - began) / 1_000)
  say('waiting for everything to settle')
  const operated = await operators.stop()
  const findings = await judge({ nodes, provider, names, say })
  return { kills: killed, seconds, ...findings, ...operated, ...(await witness.stop()) }
}
