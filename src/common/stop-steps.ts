import type { Logger } from 'pino'
import { withTimeout } from './with-timeout.ts'

/** Stopping one part of a node, and for how long that is waited for, in ms. */
export interface StopStep {
  readonly part: string
  readonly within?: number
  stop(): Promise<void> | void
}

export interface StopSteps {
  /** Told in the order in which parts start. */
  add(step: StopStep): void
  /** Stops them in reverse, each within its time: a server that hangs must not keep the process from its end. */
  run(): Promise<void>
}

/** Together they leave a node that waits for no refresh less than 20 s. */
const usual = 1_500

export function createStopSteps(logger: Pick<Logger, 'info' | 'warn'>): StopSteps {
  const steps: StopStep[] = []

  async function take({ part, stop, within = usual }: StopStep): Promise<void> {
    const startedAt = performance.now()
    const milliseconds = () => Math.round(performance.now() - startedAt)
    const stopped = (async () => stop())().then(
      () => logger.info({ part, milliseconds: milliseconds() }, 'stopped'),
      (error: unknown) =>
        logger.warn({ part, milliseconds: milliseconds(), err: error }, 'not stopped cleanly'),
    )
    await withTimeout({
      work: stopped,
      milliseconds: within,
      onTimeout: () => logger.warn({ part, milliseconds: milliseconds() }, 'not stopped in time'),
    })
  }

  return {
    add: (step) => void steps.push(step),
    async run() {
      for (const step of steps.splice(0).reverse()) await take(step)
    },
  }
}
