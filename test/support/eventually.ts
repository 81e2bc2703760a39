import { setTimeout as delay } from 'node:timers/promises'

/** So long that only what never comes runs into it, however busy the machine: no test measures time by it. */
export const deadline = 200_000

/** Runs `check` until it stops throwing, or throws its last error at the deadline. `every`: milliseconds between two runs. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { every = 10, within = deadline } = {},
): Promise<T> {
  const end = performance.now() + within
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() >= end) throw error
    }
    await delay(every)
  }
}
