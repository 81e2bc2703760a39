import type { Drill } from './drill.ts'
import { natsDiskFull, natsStoreFull } from './nats-disk-full.ts'
import { natsWithoutItsDisk } from './nats-without-its-disk.ts'
import { redisEmpty } from './redis-empty.ts'
import { redisTakesNoWrites } from './redis-takes-no-writes.ts'
import { upgrade } from './upgrade.ts'

/** The bad days. */
export const drills: readonly Drill[] = [
  natsWithoutItsDisk,
  natsStoreFull,
  natsDiskFull,
  redisEmpty,
  ...redisTakesNoWrites,
  upgrade,
]
