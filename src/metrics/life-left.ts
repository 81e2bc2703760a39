import type { Registry } from 'prom-client'
import type { ServedFrom } from '../common/observer.ts'

const name = 'tokenbus_served_life_left_seconds'
const bounds = [0, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 86_400]
const sources = ['memory', 'storage', 'refresh'] as const

/** One series: counts per bucket, not cumulative; the last bucket is for values above all bounds. */
interface Series {
  readonly counts: Float64Array
  readonly sum: Float64Array
}

/**
 * The remaining validity of tokens when they were served. Not a prom-client histogram: its label look-up takes longer than
 * a whole read from memory, and this hot path must not allocate.
 */
export function lifeLeftHistogram(registry: Registry): (lifeLeft: number, from: ServedFrom) => void {
  const empty = (): Series => ({ counts: new Float64Array(bounds.length + 1), sum: new Float64Array(1) })
  const series: Record<ServedFrom, Series> = { memory: empty(), storage: empty(), refresh: empty() }

  const metric = {
    name,
    help: 'Seconds to expiry when a token was served, by where it came from.',
    type: 'histogram',
    aggregator: 'sum',
    get: async () => ({ ...metric, values: sources.flatMap((from) => valuesOf(series[from], from)) }),
    reset() {},
  }
  registry.registerMetric(metric as never)

  return (lifeLeft, from) => {
    const { counts, sum } = series[from]
    const seconds = lifeLeft / 1_000
    let bucket = 0
    while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket++
    counts[bucket] = (counts[bucket] as number) + 1
    // Tokens without a known expiry are counted, but not summed.
    if (Number.isFinite(seconds)) sum[0] = (sum[0] as number) + seconds
  }
}

function valuesOf({ counts, sum }: Series, from: ServedFrom) {
  let total = 0
  const buckets = [...counts].map((count, index) => {
    total += count
    return { metricName: `${name}_bucket`, labels: { from, le: bounds[index] ?? '+Inf' }, value: total }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: { from }, value: sum[0] },
    { metricName: `${name}_count`, labels: { from }, value: total },
  ]
}
