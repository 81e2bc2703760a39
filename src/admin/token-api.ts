import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { realTimers } from '../common/timers.ts'
import type { StoredSwitch, TokenApiSwitch } from '../redis/token-api-switch.ts'

export interface TokenApiOptions {
  readonly store: Pick<TokenApiSwitch, 'read' | 'write'>
  /** The environment's decision; undefined leaves it to the switch. */
  readonly decided: boolean | undefined
  readonly clock: Pick<ClusterClock, 'now'>
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

export interface TokenApiState {
  readonly enabled: boolean
  /** What decides; with `environment` the switch has no effect. */
  readonly decidedBy: 'environment' | 'switch' | 'default'
  /** The position of the switch, and who set it last. */
  readonly switch: StoredSwitch | null
}

/** Whether tokens are served over HTTP. */
export interface TokenApi {
  enabled(): boolean
  state(): Promise<TokenApiState>
  turn(decision: { enabled: boolean; by: string }): Promise<void>
  stop(): Promise<void>
}

/** Milliseconds after which a change by another node is noticed. */
const readEvery = 1_000

/** Follows the switch, which all nodes share. Rejects with `StorageUnavailable`. */
export async function startTokenApi({ store, decided, clock, logger }: TokenApiOptions): Promise<TokenApi> {
  let position = await store.read()

  let changes = 0

  /** A read that began before this node last set the switch is out of date. */
  async function read(): Promise<void> {
    const before = changes
    const found = await store.read()
    if (changes === before) position = found
  }

  // While Redis is unavailable the switch cannot be set either, so the last known position stays valid.
  const poll = realTimers.poll(readEvery, () =>
    read().catch((error) => logger.debug({ err: error }, 'the switch for tokens over HTTP was not read')),
  )

  const enabled = () => decided ?? position?.enabled ?? false

  return {
    enabled,
    async state() {
      await read()
      const decidedBy = decided !== undefined ? 'environment' : position === null ? 'default' : 'switch'
      return { enabled: enabled(), decidedBy, switch: position }
    },
    async turn({ enabled, by }) {
      const decision = { enabled, by, at: clock.now() }
      await store.write(decision)
      changes += 1
      position = decision
      logger.warn({ enabled, by }, 'tokens over HTTP: the switch was set')
    },
    stop: poll.stop,
  }
}
