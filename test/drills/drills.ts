import type { Drill } from './drill.ts'
import { natsWithoutItsDisk } from './nats-without-its-disk.ts'

/** The bad days, one file each. */
export const drills: readonly Drill[] = [natsWithoutItsDisk]
