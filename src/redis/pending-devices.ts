import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import type { Integrity } from './integrity.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import { SealError, type Sealer } from './seal.ts'

/** The state of a pending device authorization; `secret` is its device code. */
export interface PendingDevice {
  readonly details: unknown
  readonly secret: string
}

/** Pending device authorizations. Methods reject with `StorageUnavailable`. */
export interface PendingDevices {
  /** Expires after `expiresIn`, is due after `dueIn`; milliseconds. */
  put(
    id: string,
    pending: PendingDevice,
    when: { now: number; dueIn: number; expiresIn: number },
  ): Promise<void>
  /** Claims some that are due, for `holds` milliseconds, so that claims of a crashed node become due again. */
  claim(claim: { now: number; limit: number; holds: number }): Promise<string[]>
  /** Null if it has expired, or was not written by tokenbus. */
  read(id: string): Promise<PendingDevice | null>
  /** Makes it due at that time (ms), unless it has ended meanwhile. */
  again(id: string, at: number, pending?: PendingDevice): Promise<void>
  remove(id: string): Promise<void>
  /** Re-encrypts those encrypted with an older key; returns how many it cannot, which expire within half an hour. */
  rewrite(): Promise<number>
}

export interface PendingDevicesOptions {
  readonly redis: RedisClient
  readonly run: RunScript
  readonly sealer: Sealer
  readonly integrity: Pick<Integrity, 'report'>
}

const due = 'tb:devices'
const keyOf = (id: string) => `tb:device:${id}`
const placeOf = (id: string) => ({ account: id, generation: 0, slot: 'device' })
const pendingSchema = z.object({ details: z.unknown(), secret: z.string() })

/** Encrypted as a whole and bound to the id, so that access to Redis is not enough to redeem or to plant a device code. */
export function createPendingDevices({
  redis,
  run,
  sealer,
  integrity,
}: PendingDevicesOptions): PendingDevices {
  const seal = (id: string, { details, secret }: PendingDevice) =>
    sealer.seal({ text: JSON.stringify({ details, secret }), ...placeOf(id) })

  function open(id: string, sealed: string): PendingDevice | null {
    try {
      return pendingSchema.parse(parseJson(sealer.open({ sealed, ...placeOf(id) }).reveal()))
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      integrity.report({ kind: 'consent', id })
      return null
    }
  }

  return {
    async put(id, pending, { now, dueIn, expiresIn }) {
      await reach(() => redis.set(keyOf(id), seal(id, pending), 'PX', Math.ceil(expiresIn)))
      await reach(() => redis.zadd(due, now + dueIn, id))
    },
    async claim({ now, limit, holds }) {
      const [, ids] = (await run({ script: 'claim-due', keys: [due], args: [limit, holds, now] })) as [
        number,
        string[],
      ]
      return ids
    },
    async read(id) {
      const text = await reach(() => redis.get(keyOf(id)))
      return text === null ? null : open(id, text)
    },
    async again(id, at, pending) {
      const text = pending && (await reach(() => redis.get(keyOf(id))))
      if (text && pending)
        await run({ script: 'replace-text', keys: [keyOf(id)], args: [text, seal(id, pending)] })
      await reach(() => redis.zadd(due, 'XX', at, id))
    },
    async rewrite() {
      let left = 0
      for (const id of await reach(() => redis.zrange(due, '0', '-1'))) {
        const text = await reach(() => redis.get(keyOf(id)))
        if (text === null || !sealer.isStale(text)) continue
        const pending = open(id, text)
        if (pending === null) left++
        else await run({ script: 'replace-text', keys: [keyOf(id)], args: [text, seal(id, pending)] })
      }
      return left
    },
    async remove(id) {
      await reach(() => redis.del(keyOf(id)))
      await reach(() => redis.zrem(due, id))
    },
  }
}
