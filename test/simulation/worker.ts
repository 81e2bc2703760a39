import { type LifeOptions, type LifeResult, liveThrough } from './cluster-life.ts'
import { type Sum, sumOf } from './sum.ts'

export interface Lived {
  readonly seed: number
  readonly broken: LifeResult['broken']
  readonly faults: LifeResult['faults']
  readonly sum: Sum
}

/** A separate process that runs one seed after the other. */
process.on('message', async ({ seed, days }: Pick<LifeOptions, 'seed' | 'days'>) => {
  const life = await liveThrough({ seed, days })
  const { broken, faults } = life
  process.send?.({ seed, broken, faults, sum: sumOf(life, days) } satisfies Lived)
})
