import { type LifeOptions, type LifeResult, liveThrough } from './cluster-life.ts'
import type { Fault } from './faults.ts'

/** Removes faults as long as the run still fails; the rest is necessary. */
export async function shrink({
  seed,
  days,
  faults,
}: LifeOptions & Pick<LifeResult, 'faults'>): Promise<readonly Fault[]> {
  const breaks = async (some: readonly Fault[]) => {
    const { broken } = await liveThrough({ seed, days, faults: some })
    return broken !== null
  }
  let kept = faults
  for (let size = Math.ceil(kept.length / 2); ; size = Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length; ) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)]
      if (fewer.length < kept.length && (await breaks(fewer))) kept = fewer
      else from += size
    }
    if (size <= 1) return kept
  }
}
