import type { Logger } from 'pino'
import { withTimeout } from './with-timeout.ts'

/** How to stop one part of a node; `within` is the time-out in milliseconds. */
export interface StopStep {
  readonly part: string
  readonly within?: number
  stop(): Promise<void> | void
}

export interface StopSteps {
  /** Call in the order in which the parts start. */
  add(step: StopStep): void
  /** Stops the parts in reverse order, each with its time-out, so that a server that hangs cannot keep the process alive. */
  run(): Promise<void>
}

/** Chosen so that a node without a refresh in flight stops in less than 20 s. */
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
