import type { Logger } from 'pino'
import type { ClusterClock } from '../common/cluster-clock.ts'
import type { StoredSwitch, TokenApiSwitch } from '../redis/token-api-switch.ts'

export interface TokenApiOptions {
  readonly store: Pick<TokenApiSwitch, 'read' | 'write'>
  /** What the environment says; undefined where it leaves it to the switch. */
  readonly decided: boolean | undefined
  readonly clock: Pick<ClusterClock, 'now'>
  readonly logger: Pick<Logger, 'debug' | 'warn'>
}

export interface TokenApiState {
  readonly enabled: boolean
  /** By whom: `environment`, where the switch moves nothing. */
  readonly decidedBy: 'environment' | 'switch' | 'default'
  /** How the switch stands, and who turned it last. */
  readonly switch: StoredSwitch | null
}

/** Are tokens served over HTTP? */
export interface TokenApi {
  enabled(): boolean
  state(): Promise<TokenApiState>
  turn(decision: { enabled: boolean; by: string }): Promise<void>
  stop(): void
}

/** What another node has turned is noticed after this. */
const readEvery = 1_000

/** Follows the switch that all nodes share. Rejects with `StorageUnavailable`. */
export async function startTokenApi({ store, decided, clock, logger }: TokenApiOptions): Promise<TokenApi> {
  let turned = await store.read()

  // While Redis is away nobody can turn it either: what was known still holds.
  const timer = setInterval(() => {
    store.read().then(
      (found) => {
        turned = found
      },
      (error) => logger.debug({ err: error }, 'the switch for tokens over HTTP was not read'),
    )
  }, readEvery)

  const enabled = () => decided ?? turned?.enabled ?? false

  return {
    enabled,
    async state() {
      turned = await store.read()
      const decidedBy = decided !== undefined ? 'environment' : turned === null ? 'default' : 'switch'
      return { enabled: enabled(), decidedBy, switch: turned }
    },
    async turn({ enabled, by }) {
      const decision = { enabled, by, at: clock.now() }
      await store.write(decision)
      turned = decision
      logger.warn({ enabled, by }, 'tokens over HTTP: the switch was turned')
    },
    stop: () => clearInterval(timer),
  }
}
