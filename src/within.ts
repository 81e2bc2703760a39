/** Milliseconds. Longer than the longest answer is waited for, shorter than the grace period orchestrators are told of. */
export const drainWithin = 80_000
export const disconnectWithin = 5_000

/** Resolves when it is done, or after so many milliseconds. */
export async function within(milliseconds: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}
