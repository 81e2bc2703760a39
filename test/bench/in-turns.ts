/** One thing measured: resolves once `count` of it are done. */
export interface Contender {
  readonly name: string
  run(): Promise<{ count: number }>
}

export interface Measured {
  readonly name: string
  /** Median over the rounds. */
  readonly perSecond: number
}

/** Runs the contenders in turns, so that whatever else the machine does hits them alike. The first rounds warm up. */
export async function inTurns(
  contenders: readonly Contender[],
  { rounds = 5, warmUp = 1 } = {},
): Promise<Measured[]> {
  const rates = contenders.map((): number[] => [])
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const startedAt = performance.now()
      const { count } = await contender.run()
      if (round >= warmUp) rates[index]?.push((count * 1_000) / (performance.now() - startedAt))
    }
  }
  return contenders.map(({ name }, index) => ({ name, perSecond: median(rates[index] ?? []) }))
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Keeps `inFlight` jobs going until `count` are done. */
export async function keepInFlight(
  { count, inFlight }: { count: number; inFlight: number },
  job: (index: number) => Promise<unknown>,
): Promise<{ count: number }> {
  let next = 0
  const worker = async () => {
    while (next < count) await job(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return { count }
}
