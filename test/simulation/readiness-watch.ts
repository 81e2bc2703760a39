import type { SimulatedNats } from './simulated-nats.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { SimulatedRedis } from './simulated-redis.ts'
import type { World } from './world.ts'

export interface ReadinessWatchOptions {
  readonly world: World
  readonly nodes: readonly SimulatedNode[]
  readonly redis: SimulatedRedis
  readonly nats: SimulatedNats
  fail(message: string): void
}

const pollInterval = 10 * 60_000
const settlesWithin = 3 * 60_000

/** No node whose servers have been healthy for a while reports that it is not ready. */
export function watchReadiness({ world, nodes, redis, nats, fail }: ReadinessWatchOptions): void {
  async function look({ machine, tokenbus }: SimulatedNode): Promise<void> {
    const since = world.now() - settlesWithin
    const isWell =
      !machine.isPaused() &&
      redis.wasWellSince(machine, since) &&
      nats.wasWellSince(machine, since) &&
      nats.streamWasWellSince(since)
    const running = tokenbus()
    if (!isWell || running === null) return
    const missing = await running.missing()
    if (missing.length > 0 && redis.wasWellSince(machine, since))
      fail(`${machine.name} is not ready: ${missing}`)
  }
  function lookAgain(): void {
    world.after(pollInterval, lookAgain)
    for (const node of nodes) void look(node)
  }
  world.after(pollInterval, lookAgain)
}
