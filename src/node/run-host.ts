import type { Logger } from 'pino'
import type { StopStep } from '../common/stop-steps.ts'
import type { ChangedRecord } from '../events/changes.ts'
import type { Host } from './host.ts'

export interface ChangeListener {
  onChange(changed: ChangedRecord): void
  onDown(): void
  onUp(): void
}

export interface RunHostOptions<Watch> {
  readonly host: Host
  /** Subscribes to saves on other nodes. */
  watch(listener: ChangeListener): Promise<Watch>
  readonly storage: {
    onReconnect(back: () => void): void
    onLost(lost: () => void): void
  }
  readonly logger: Pick<Logger, 'info'>
  /** False in tests that control time by their own events. */
  readonly waker?: boolean
  /** Registers a stop step, in the order in which parts start. */
  onStop(step: StopStep): void
}

/** Milliseconds. Longer than the wait for any answer, shorter than the documented grace period of orchestrators. */
const refreshesWithin = 80_000

/** Starts a host's background work, in the only order in which no answer and no announcement is missed. */
export async function runHost<Watch extends { stop(): void }>(
  options: RunHostOptions<Watch>,
): Promise<Watch> {
  const { host, storage, logger, waker = true, onStop } = options
  const { pendingAnswers, unannouncedSaves, outbox, attempts, invalidation } = host
  // Spooled answers first: until they are stored, nothing may use the tokens that they replaced.
  const spooled = await pendingAnswers.storeSpooled()
  if (spooled > 0) logger.info({ answers: spooled }, 'answers from the spool stored')
  const watch = await options.watch({
    onChange: invalidation.changed,
    onDown: invalidation.suspend,
    onUp: invalidation.resume,
  })
  onStop({ part: 'changes', stop: watch.stop })
  outbox.start()
  onStop({ part: 'outbox', stop: outbox.stop })
  unannouncedSaves.start()
  onStop({ part: 'unannounced saves', stop: unannouncedSaves.stop })
  storage.onReconnect(host.storageBack)
  storage.onLost(invalidation.forgetAll)
  onStop({
    part: 'refreshes',
    within: refreshesWithin,
    stop() {
      pendingAnswers.stopRetrying()
      return attempts.drained()
    },
  })
  if (waker) host.waker.start()
  onStop({ part: 'waker', stop: host.waker.stop })
  return watch
}
