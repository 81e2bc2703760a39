import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { KnownData } from '../redis/known-data.ts'

const fileOf = (dataDir: string) => join(dataDir, 'redis-identity')

/** The identity of the Redis data that this node used before, or undefined. */
export async function rememberedIdentity(dataDir: string): Promise<KnownData | undefined> {
  const rememberedIn = fileOf(dataDir)
  const text = await readFile(rememberedIn, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const identity = text.trim()
  return /^[\w-]{1,64}$/.test(identity) ? { identity, rememberedIn } : undefined
}

export async function rememberIdentity(dataDir: string, identity: string): Promise<void> {
  const file = fileOf(dataDir)
  const part = `${file}.part`
  await writeFile(part, `${identity}\n`, { flush: true })
  await rename(part, file)
}
