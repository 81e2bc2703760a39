import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Accounts } from '../actors/account-actor.ts'
import type { App, Apps } from '../actors/app-actor.ts'
import { createAppBinding } from '../admin/app-binding.ts'
import type { ClusterClock } from '../common/cluster-clock.ts'
import { createRareLog } from '../common/rare-log.ts'
import { Secret } from '../common/secret.ts'
import type { Poll, Timers } from '../common/timers.ts'
import { ok } from '../contract/failures.ts'
import { everything } from '../contract/principal.ts'
import type { Tokenbus } from '../contract/tokenbus.ts'
import type { CodeAnswer } from '../provider/authorization-code.ts'
import { placeOf } from '../provider/grant-place.ts'
import type { Provider } from '../provider/provider.ts'
import type { PendingDevice, PendingDevices } from '../redis/pending-devices.ts'
import { resolveApp } from '../refresh/resolve-app.ts'
import { chooseSecret } from '../refresh/secret-selection.ts'
import { consentApp, redeemsAt } from './consent-app.ts'
import { readGrant } from './read-grant.ts'

export interface DeviceOptions {
  readonly tokenbus: Pick<Tokenbus, 'patchAccount'>
  readonly apps: Pick<Apps, 'look'>
  readonly accounts: Pick<Accounts, 'load'>
  readonly provider: Pick<Provider, 'authorizeDevice' | 'redeemDeviceCode'>
  readonly pending: PendingDevices
  readonly clock: Pick<ClusterClock, 'now'>
  readonly timers: Timers
  readonly logger: Logger
}

export interface Device extends Pick<Tokenbus, 'connectDevice'> {
  /** Starts polling providers. */
  start(): void
  stop(): Promise<void>
}

const waitingSchema = z.object({
  account: z.string(),
  app: z.string(),
  user: z.string().optional(),
  params: z.record(z.string(), z.string()).optional(),
  /** The apps that the caller may use. */
  apps: z.string().nullable(),
  redeemsAt: z.string().optional(),
  allowOtherUser: z.boolean().default(false),
  /** The provider's polling interval in seconds. */
  interval: z.number(),
})
type Waiting = z.output<typeof waitingSchema>
type PutRest = Parameters<Tokenbus['patchAccount']> extends [string, ...infer Rest] ? Rest : never
type Make = PutRest[0]

const pollInterval = 1_000
const maxAtOnce = 16
/** Longer than a request takes, so that no two nodes poll the same one at the same time. */
const claimHolds = 30_000
/** RFC 8628 §3.5. */
const slowerBy = 5
const storeTries = 20
const second = 1_000

/**
 * The device authorization grant (RFC 8628). Pending authorizations are stored encrypted; the node that claims a due
 * one polls the provider, so a restart loses none, and no two nodes poll at the same time.
 */
export function createDevice(options: DeviceOptions): Device {
  const { tokenbus, apps, provider, pending, clock, timers, logger } = options
  const binding = createAppBinding(options)
  const rarely = createRareLog({ logger, timers })
  let poll: Poll | undefined

  async function askOnce(id: string): Promise<void> {
    const found = await pending.read(id)
    if (found === null) return pending.remove(id)
    const waiting = waitingSchema.parse(found.details)
    const app = resolveApp(await apps.look(waiting.app), waiting.params ?? {})
    if (app.config?.enabled === false) return end(id, waiting, 'app_disabled')
    // A device code is as powerful as a grant, so it is sent only to the endpoint that issued it.
    if (app.config === null || redeemsAt(app.config) !== waiting.redeemsAt)
      return end(id, waiting, 'app_changed')
    const client = chooseSecret(app)
    const sentAt = clock.now()
    const answer = await provider.redeemDeviceCode({
      config: app.config,
      ...(client && { clientSecret: client.secret }),
      deviceCode: new Secret(found.secret),
    })
    const again = answer.kind === 'refused' ? intervalAfter(answer, waiting) : undefined
    if (again !== undefined) return askAgain(id, found, { ...waiting, interval: again })
    await connect(id, waiting, { app, answer, sentAt })
  }

  async function askAgain(id: string, found: PendingDevice, waiting: Waiting): Promise<void> {
    const slower = waiting.interval === (found.details as Waiting).interval ? undefined : waiting
    const changed = slower && { details: slower, secret: found.secret }
    await pending.again(id, clock.now() + waiting.interval * second, changed)
  }

  async function connect(
    id: string,
    waiting: Waiting,
    { app: { config }, answer, sentAt }: { app: App; answer: CodeAnswer; sentAt: number },
  ): Promise<void> {
    const { account, user, params, allowOtherUser } = waiting
    if (config === null) return
    const grant = readGrant({ account, user, config, answer, sentAt })
    if (grant.kind === 'none') return end(id, waiting, grant.problem)
    const { consented, reached } = grant
    const from = { place: placeOf(config, reached), by: { apps: waiting.apps }, consented }
    const put: Make = (known) => ok({ ...grant.put(known), ...(params && { params }), allowOtherUser })
    return end(id, waiting, await stored(account, put, from))
  }

  /** The code is used up, so storing its tokens is retried. */
  async function stored(account: string, ...put: PutRest): Promise<string> {
    for (let tries = 1; ; tries++) {
      try {
        const done = await tokenbus.patchAccount(account, ...put)
        return done.ok ? 'connected' : (done.failure.reason ?? done.failure.error)
      } catch (error) {
        if (tries === storeTries) throw error
        rarely.warn({ err: error, account }, 'an account that was connected by a device cannot be stored yet')
        await timers.delay(Math.min(tries, 3) * second)
      }
    }
  }

  async function end(id: string, { account, app }: Waiting, outcome: string): Promise<void> {
    logger.info({ account, app, outcome }, 'device authorization ended')
    await pending.remove(id)
  }

  async function look(): Promise<void> {
    try {
      const ids = await pending.claim({ now: clock.now(), limit: maxAtOnce, holds: claimHolds })
      const asked = await Promise.allSettled(ids.map(askOnce))
      const failed = asked.find((each) => each.status === 'rejected')
      if (failed) rarely.warn({ err: failed.reason }, 'a device authorization could not be polled')
    } catch (error) {
      rarely.warn({ err: error }, 'device authorizations could not be polled')
    }
  }

  return {
    async connectDevice(account, { app: id, user, params, allowOtherUser = false }, { by } = {}) {
      const bound = await binding.of(account, by)
      if (!bound.ok) return bound
      const config = await consentApp({ apps, app: id, params, field: 'app', onDevice: true })
      if (!config.ok) return config
      const client = chooseSecret(await apps.look(id))
      const begun = await provider.authorizeDevice({
        config: config.value,
        ...(client && { clientSecret: client.secret }),
      })
      if (!begun.ok) return begun
      const { deviceCode, interval, ...shown } = begun.value
      const { expiresIn } = shown
      const details: Waiting = {
        account,
        app: id,
        ...(user !== undefined && { user }),
        ...(params !== undefined && { params }),
        apps: by === undefined || by === null ? everything : by.apps,
        redeemsAt: redeemsAt(config.value),
        allowOtherUser,
        interval,
      }
      const when = { now: clock.now(), dueIn: interval * second, expiresIn: expiresIn * second }
      const name = randomBytes(24).toString('base64url')
      await pending.put(name, { details, secret: deviceCode.reveal() }, when)
      return ok({ account, ...shown })
    },
    start() {
      poll = timers.poll(pollInterval, look)
    },
    async stop() {
      await poll?.stop()
    },
  }
}

/** Seconds until the next poll; undefined if polling has ended. */
function intervalAfter(
  { refusal }: Extract<CodeAnswer, { kind: 'refused' }>,
  { interval }: Waiting,
): number | undefined {
  const { error } = refusal.providerError
  if (error === 'authorization_pending') return interval
  if (error === 'slow_down') return interval + slowerBy
  return refusal.class === 'T' ? Math.min(interval * 2, 300) : undefined
}
