import { setTimeout as delay } from 'node:timers/promises'

/** Runs `check` until it stops throwing, or throws its last error once `within` milliseconds have passed. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { within = 5_000, every = 10 } = {},
): Promise<T> {
  const deadline = performance.now() + within
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() >= deadline) throw error
    }
    await delay(every)
  }
}
