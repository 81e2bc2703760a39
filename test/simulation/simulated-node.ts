import { pino } from 'pino'
import { createAccountAdmin } from '../../src/admin/accounts.ts'
import { createAppAdmin } from '../../src/admin/apps.ts'
import { createClockKeeper } from '../../src/common/clock-keeper.ts'
import { createClusterClock } from '../../src/common/cluster-clock.ts'
import { Secret } from '../../src/common/secret.ts'
import { ok, type Result } from '../../src/contract/failures.ts'
import type { ApiTokenAdmin, DeadEventAdmin, Tokenbus } from '../../src/contract/tokenbus.ts'
import { createClusterFacts } from '../../src/metrics/cluster-facts.ts'
import { createReadiness } from '../../src/metrics/readiness.ts'
import { createHost } from '../../src/node/host.ts'
import { runHost } from '../../src/node/run-host.ts'
import type { AppConfig } from '../../src/provider/app-config.ts'
import { patchedPut } from '../../src/provider/app-settings.ts'
import { createRecords } from '../../src/redis/records.ts'
import type { Sealer } from '../../src/redis/seal.ts'
import type { Spool } from '../../src/refresh/spool.ts'
import { meaningOf } from '../../src/security-events/event-meanings.ts'
import { accountEvent } from '../../src/security-events/receive.ts'
import { graceMs } from './grants.ts'
import type { Machine } from './machine.ts'
import { partitions } from './partitions.ts'
import type { SimulatedNats } from './simulated-nats.ts'
import type { SimulatedProvider } from './simulated-provider.ts'
import type { SimulatedRedis } from './simulated-redis.ts'

/** API tokens are not simulated. */
export interface Running
  extends Omit<
    Tokenbus,
    | keyof ApiTokenAdmin
    | keyof DeadEventAdmin
    | 'rotateKeys'
    | 'finishUpgrade'
    | 'verifyApp'
    | 'connectDevice'
  > {
  /** As the receiver of security events does, once it has found the account. */
  grantEnded(account: string, endedAt: number): Promise<Result<boolean>>
  /** What /readyz reports as missing, and whether events are stalled. */
  missing(): Promise<string[]>
}

export interface SimulatedNode {
  readonly machine: Machine
  /** Null until it is ready. */
  tokenbus(): Running | null
  /** The cluster's time on this node; null until it runs. */
  clusterTime(): number | null
  start(): void
  crash(): void
}

export interface Surroundings {
  readonly redis: SimulatedRedis
  readonly nats: SimulatedNats
  readonly provider: SimulatedProvider
  readonly random: () => number
  /** A node was notified that an account changed. */
  readonly heard: (machine: Machine, account: string) => void
}

const tokenRevoked = meaningOf({
  type: 'https://schemas.openid.net/secevent/oauth/event-type/token-revoked',
})
const restartAfter = 2_000

/** The real host on simulated ground; a supervisor starts it again when it cannot start. */
export function createSimulatedNode(
  machine: Machine,
  { redis, nats, provider, random, heard }: Surroundings,
) {
  const disk = new Map<string, string>()
  let tokenbus: Running | null = null
  let clusterTime: (() => number) | null = null

  async function boot(): Promise<void> {
    if (!redis.isUp() || !nats.isUp()) throw new Error('not yet')
    const timers = machine.timers()
    const clock = createClusterClock(timers)
    clusterTime = clock.now
    const highestTime = (seen: number) => redis.highestTime(machine, seen)
    await createClockKeeper({ clock, timers, logger, highestTime }).start()
    const records = createRecords({ commands: redis.commandsFor(machine), partitions, timers, random })
    const publisher = nats.join({
      machine,
      onChange(changed) {
        if (changed.kind === 'account') heard(machine, changed.id)
        host.invalidation.changed(changed)
      },
      onDown: () => host.invalidation.suspend(),
      onUp: () => host.invalidation.resume(),
    })
    const host = createHost({
      records,
      sealer,
      fingerprint,
      publisher,
      announce: publisher.announce,
      provider: { refreshToken: provider.refreshTokenFrom(machine) },
      clock,
      partitions,
      spool: spoolOn(disk, timers.delay),
      timers,
      logger,
      confirmSave: (save) => redis.confirm(machine, save),
      cachedTokens: 100,
    })
    await runHost({
      host,
      storage: { onReconnect: (back) => redis.onBack(machine, back), onLost() {} },
      logger,
      watch: async () => ({ stop() {} }),
      onStop() {},
    })
    const facts = createClusterFacts({ records, clock, seals: async () => 0 })
    const readiness = createReadiness({ facts, flow: host.flow, lacks: () => [] })
    tokenbus = {
      async missing() {
        const { missing } = await readiness.readiness()
        const { status } = await readiness.events()
        return status === 'stalled' ? [...missing, 'events'] : missing
      },
      getToken: host.reads.get,
      rejectToken: host.reads.reject,
      async grantEnded(account, endedAt) {
        const { taken } = await host.accounts.receive(account, ({ at, eventId, snapshot: { context } }) => {
          const event = accountEvent(tokenRevoked, { at, eventId, context, event: { at: endedAt } })
          return event && { event }
        })
        return ok(taken)
      },
      ...createAccountAdmin({
        ...host,
        records,
        clock,
        fingerprint,
        logger,
        timers,
        provider: { revokeToken: async () => ok(undefined), checkUrls: async () => ok(undefined) },
        history: { read: async () => ok([]) },
      }),
      ...createAppAdmin({
        clock,
        apps: host.apps,
        records,
        configOf: async (app, put) => ok(configOf(app, put)),
        putOf: patchedPut,
        provider: { resolveEndpoint: () => Promise.reject(new Error('nothing is discovered here')) },
      }),
    }
  }

  function start(): void {
    machine.boot()
    boot().catch(() => {
      tokenbus = null
      machine.later(restartAfter, start)
    })
  }

  return {
    machine,
    tokenbus: () => (machine.isUp() ? tokenbus : null),
    clusterTime: () => (machine.isUp() && clusterTime ? clusterTime() : null),
    start,
    crash() {
      machine.crash()
      tokenbus = null
    },
  } satisfies SimulatedNode
}

const logger = pino({ level: 'silent' })

const fingerprint = ({ account, token }: { account: string; token: Secret }) => `${account}/${token.reveal()}`

/** Encryption is left out to save time; only the place it is bound to is checked. */
const sealer: Pick<Sealer, 'seal' | 'open' | 'isStale'> = {
  isStale: () => false,
  seal: ({ text, account, generation, slot }) => JSON.stringify([account, slot, generation, text]),
  open({ sealed, account, slot, generation }) {
    const [of, where, when, text] = JSON.parse(sealed) as [string, string, number, string]
    if (of !== account || where !== slot || (generation !== undefined && when !== generation))
      throw new Error('sealed for another place')
    return new Secret(text)
  },
}

function spoolOn(disk: Map<string, string>, delay: (ms: number) => Promise<void>): Spool {
  return {
    async write(name, text) {
      await delay(3)
      disk.set(name, text)
    },
    read: async (name) => disk.get(name) as string,
    remove: async (name) => void disk.delete(name),
    names: async () => [...disk.keys()],
  }
}

function configOf(
  app: string,
  { provider, clientId, rotation = 'strict' }: Parameters<Tokenbus['putApp']>[1],
) {
  const config: AppConfig = {
    app,
    provider,
    clientId,
    grant: 'authorization_code',
    clientAuth: 'client_secret_basic',
    tokenUrl: 'https://provider.invalid/token',
    scopes: [],
    rotation,
    graceSeconds: graceMs / 1_000,
  }
  return config
}
