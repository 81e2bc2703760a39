import { readFileSync } from 'node:fs'
import type { Cluster, Redis } from 'ioredis'
import { type StorageTrouble, StorageUnavailable } from './storage-unavailable.ts'

export type RedisClient = Redis | Cluster

const scripts = [
  'load',
  'save',
  'claim-due',
  'reindex',
  'wake-accounts',
  'move-event',
  'replace-field',
  'replace-text',
  'keep-answer',
] as const

export type Script = (typeof scripts)[number]

const text = (name: Script) => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8')

/** Runs a script by its hash. Rejects with `StorageUnavailable` if its outcome is unknown. */
export type RunScript = (call: {
  script: Script
  keys: string[]
  args: (string | number | Buffer)[]
}) => Promise<unknown>

export function createScripts(redis: RedisClient): RunScript {
  for (const name of scripts) redis.defineCommand(`tb-${name}`, { lua: text(name) })
  const commands = redis as unknown as Record<
    string,
    (...args: (string | number | Buffer)[]) => Promise<unknown>
  >
  return ({ script, keys, args }) =>
    reach(() => (commands[`tb-${script}`] as (typeof commands)[string])(keys.length, ...keys, ...args))
}

/** Redis 6 embeds the error code of a command in a script's own error message. */
const refusals: readonly [RegExp, StorageTrouble][] = [
  [/(^|-)OOM /, 'full'],
  [/(^|-)READONLY /, 'read_only'],
  [/(^|-)MISCONF /, 'disk'],
  [/(^|-)NOPERM |The user executing the script can't/, 'forbidden'],
  [/(^|-)(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY)/, 'unreachable'],
]

/** An error reply of Redis is a bug and is rethrown; any other error leaves the outcome unknown. */
export async function reach<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command()
  } catch (cause) {
    if (cause instanceof StorageUnavailable) throw cause
    const why = troubleOf(cause)
    if (why === undefined) throw cause
    throw new StorageUnavailable(undefined, { why, cause })
  }
}

function troubleOf(cause: unknown): StorageTrouble | undefined {
  if (!(cause instanceof Error && cause.name === 'ReplyError')) return 'unreachable'
  return refusals.find(([said]) => said.test(cause.message))?.[1]
}
