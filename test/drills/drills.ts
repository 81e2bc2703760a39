import type { Drill } from './drill.ts'
import { natsDiskFull, natsStoreFull } from './nats-disk-full.ts'
import { natsWithoutItsDisk } from './nats-without-its-disk.ts'
import { redisEmpty } from './redis-empty.ts'
import { redisTakesNoWrites } from './redis-takes-no-writes.ts'
import { upgrade } from './upgrade.ts'

/** Of seconds: `npm test` lives through them too. */
export const shortDrills: readonly Drill[] = [
  natsWithoutItsDisk,
  natsStoreFull,
  natsDiskFull,
  redisEmpty,
  ...redisTakesNoWrites,
]

/** The bad days. */
export const drills: readonly Drill[] = [...shortDrills, upgrade]
