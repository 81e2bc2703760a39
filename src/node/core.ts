import { hostname } from 'node:os'
import { join } from 'node:path'
import type { ConnectionOptions } from 'nats'
import type { Logger } from 'pino'
import { connectNats } from '../bus/connect.ts'
import { watchConnection } from '../bus/connection-watch.ts'
import { createClockKeeper } from '../common/clock-keeper.ts'
import { createClusterClock } from '../common/cluster-clock.ts'
import type { StopStep } from '../common/stop-steps.ts'
import { realTimers } from '../common/timers.ts'
import { announceChanges, watchChanges } from '../events/changes.ts'
import { createPublisher } from '../events/publisher.ts'
import { keepStreams } from '../events/stream-keeper.ts'
import { createClusterFacts } from '../metrics/cluster-facts.ts'
import { createMetrics } from '../metrics/metrics.ts'
import { createProvider } from '../provider/provider.ts'
import { openStorage } from '../redis/storage.ts'
import { newestLevel } from '../redis/write-level.ts'
import { createSpool } from '../refresh/spool.ts'
import type { Config } from './config.ts'
import { createHost } from './host.ts'
import { rememberedIdentity, rememberIdentity } from './remembered-identity.ts'
import { runHost } from './run-host.ts'

export interface CoreOptions {
  readonly config: Config
  readonly logger: Logger
  /** Registers a stop step, in the order in which parts start. */
  onStop(step: StopStep): void
}

/** The core of a node: refreshes accounts and publishes events, but does not listen for requests yet. */
export async function startCore({ config, logger, onStop }: CoreOptions) {
  const { dataDir, partitions } = config
  const clock = createClusterClock()
  // In `dev`, an empty Redis counts as a new one.
  const known = config.mode === 'serve' ? await rememberedIdentity(dataDir) : undefined
  const storage = await openStorage({
    url: config.redisUrl as string,
    keys: config.keys as string,
    partitions,
    logger,
    known,
  })
  onStop({ part: 'redis', stop: storage.close })
  if (config.mode === 'serve' && known?.identity !== storage.identity)
    await rememberIdentity(dataDir, storage.identity).catch((error) =>
      logger.warn({ err: error }, 'the identity of the data could not be written to the data directory'),
    )
  const { highestTime } = storage
  const keeper = createClockKeeper({ clock, timers: realTimers, logger, highestTime })
  onStop({ part: 'clock', stop: await keeper.start() })

  const connectAs = (name: string, logger: Logger, connection: ConnectionOptions = {}) =>
    connectNats({
      url: config.natsUrl as string,
      ...(config.natsCreds && { creds: config.natsCreds }),
      name: `tokenbus ${hostname()}${name}`,
      logger,
      connection,
    })
  // This node's own saves need no announcement to itself.
  const nats = await connectAs('', logger, { noEcho: true })
  onStop({ part: 'nats', stop: () => nats.drain() })
  // nats-server processes one connection's messages in order, so a publish that waits for a full disk blocks those behind it.
  const jetStream = await connectAs(' events', logger.child({ connection: 'events' }))
  onStop({ part: 'nats, for events', stop: () => jetStream.drain() })
  const { streamReplicas: replicas } = config
  const streams = await keepStreams({ nats: jetStream, logger, ...(replicas !== undefined && { replicas }) })
  onStop({ part: 'streams', stop: streams.stop })

  const { allowPrivateEndpoints: allowPrivate, proxies } = config
  const provider = createProvider({ allowPrivate, proxies, logger })
  onStop({ part: 'provider', stop: provider.close })
  const publisher = createPublisher({ nats: jetStream, source: `tokenbus/${hostname()}`, streams })
  onStop({ part: 'publisher', stop: publisher.stop })
  const spool = createSpool({ directory: join(dataDir, 'spool') })
  const facts = createClusterFacts({ ...storage, clock })
  const metrics = createMetrics({ facts })
  const refreshCounts = storage.refreshCounts(clock)
  onStop({ part: 'counts of refreshes', stop: refreshCounts.stop })
  const observer = { ...metrics.observer, refreshEnded: refreshCounts.refreshEnded }
  storage.onTampering(metrics.tampered)
  storage.onFailure(metrics.storageFailed)
  const announce = announceChanges({ nats, logger })
  const host = createHost({
    ...storage,
    cacheMb: config.cacheMb,
    publisher,
    announce,
    announcing: watchConnection({ nats }).connected,
    provider,
    clock,
    partitions,
    spool,
    logger,
    observer,
  })
  const watch = await runHost({
    host,
    storage,
    logger,
    onStop,
    watch: (listener) => watchChanges({ nats, logger, ...listener }),
  })
  if (storage.level.lowest() === newestLevel) watch.oldNodesGone()
  return { clock, storage, refreshCounts, nats, jetStream, provider, facts, metrics, host, watch }
}
