import { z } from 'zod'
import { parseJson } from '../common/parse-json.ts'
import type { Integrity } from './integrity.ts'
import { type RedisClient, type RunScript, reach } from './scripts.ts'
import { SealError, type Sealer } from './seal.ts'

/** What is kept of a device authorization under way; `secret` is its device code. */
export interface PendingDevice {
  readonly details: unknown
  readonly secret: string
}

/** Each waits for a person on another device. Verbs reject with `StorageUnavailable`. */
export interface PendingDevices {
  /** Ends by itself after `expiresIn`; is due after `dueIn`. Milliseconds. */
  put(
    id: string,
    pending: PendingDevice,
    when: { now: number; dueIn: number; expiresIn: number },
  ): Promise<void>
  /** Ids of some that are due. Nobody else is given them for `holds`: a node that dies with one gives it back. */
  claim(claim: { now: number; limit: number; holds: number }): Promise<string[]>
  /** Null for what has ended, or was not put there by us. */
  read(id: string): Promise<PendingDevice | null>
  /** Due again at that time (ms); what has ended meanwhile stays so. */
  again(id: string, at: number, pending?: PendingDevice): Promise<void>
  remove(id: string): Promise<void>
  /** Seals anew what an older key has sealed; answers how many it cannot, which end within half an hour. */
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

/** Sealed whole, bound to the id: who reads Redis cannot redeem a device code, and who writes it cannot put one there. */
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
