import type { Commands } from '../../src/redis/commands.ts'
import { type Call, hashAt, isAfter, type Keyspace, runScript, setAt, streamAt } from './keyspace.ts'

export interface Write<T> {
  /** Was anything different afterwards? Only then is there something to replicate. */
  changed(result: T): boolean
  /** Keys of the records it may have written. */
  readonly records: readonly string[] | 'any'
}

/** Carries one command out, at the server. */
export type Carry = <T>(command: (space: Keyspace, now: number) => T, write?: Write<T>) => Promise<T>

/** Redis' commands over a keyspace, however they get there. */
export function spaceCommands(carry: Carry): Commands {
  const set = (key: string) => carry((space) => [...setAt(space, key).keys()].sort(byBytes))
  return {
    run: (call) => carry((space, now) => runScript(space, call as Call, now), writeOf(call as Call)),
    xrange: (key, { from, count }) =>
      carry((space) => {
        const stream = streamAt(space, key)
        const start = from === undefined ? 0 : stream.findIndex(([id]) => isAfter(id, from))
        return start < 0 ? [] : stream.slice(start, start + count)
      }),
    xdel: (key, ids) =>
      carry((space) => {
        const gone = new Set(ids)
        space.streams.set(
          key,
          streamAt(space, key).filter(([id]) => !gone.has(id)),
        )
      }, anything),
    xlen: (key) => carry((space) => streamAt(space, key).length),
    async zmembers(key, { after, limit, prefix = '', skip = 0 }) {
      return (await set(key))
        .filter((member) => member.startsWith(prefix) && (after === '' || byBytes(member, after) > 0))
        .slice(skip, skip + limit)
    },
    zcount: async (key, prefix) => (await set(key)).filter((member) => member.startsWith(prefix)).length,
    zlowest: (key) =>
      carry((space) => {
        const scores = [...setAt(space, key).values()]
        return scores.length === 0 ? null : Math.min(...scores)
      }),
    zinter: ([one, other]) =>
      carry((space) =>
        [...setAt(space, one).keys()].filter((id) => setAt(space, other).has(id)).sort(byBytes),
      ),
    hgetall: (key) => carry((space, now) => Object.fromEntries(hashAt(space, key, now) ?? [])),
    hdel: (key, fields) =>
      carry((space, now) => fields.map((field) => hashAt(space, key, now)?.delete(field)), anything),
    del: (key) => carry(({ hashes }) => hashes.delete(key), anything),
    zadd: (key, score, member) => carry((space) => setAt(space, key).set(member, score), anything),
    zrem: (key, member) => carry((space) => setAt(space, key).delete(member), anything),
    zcountFrom: (key, score) =>
      carry((space) => [...setAt(space, key).values()].filter((each) => each >= score).length),
    zcard: (key) => carry((space) => setAt(space, key).size),
  }
}

const anything: Write<unknown> = { changed: () => true, records: 'any' }

function writeOf({ script, keys, args }: Call): Write<unknown> {
  const record = keys[0] as string
  switch (script) {
    case 'load':
      return { changed: () => args[0] === '1', records: [] }
    case 'save':
      return { changed: (result) => (result as number[])[0] === 1, records: [record] }
    case 'claim-due':
      return { changed: (result) => (result as [number, string[]])[1].length > 0, records: [] }
    case 'reindex':
      return { changed: (result) => result !== 0, records: [record] }
    default:
      return { changed: (result) => result !== 0, records: [] }
  }
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
