import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newApiToken } from '../common/api-token-text.ts'

/** The contents of `dev.json`: the URLs of a running `tokenbus dev`, and an API token with scope `admin`. */
export interface DevFile {
  readonly nats: string
  readonly redis: string
  readonly http: string
  readonly sandbox: string
  readonly adminToken: string
}

async function writePrivately(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text, { mode: 0o600 })
  await rename(`${path}.part`, path)
}

export async function readOrCreate(path: string, create: () => string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const text = create()
  await writePrivately(path, text)
  return text
}

/** Creates the sealing key once. Without it the data directory cannot be read. */
export async function devKeys(dataDir: string): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, 'keys')
  await readOrCreate(path, () => `dev:${randomBytes(32).toString('base64')}\n`)
  return `file:${path}`
}

export async function devAdminToken(dataDir: string): Promise<string> {
  return readOrCreate(join(dataDir, 'admin-token'), newApiToken)
}

export async function writeDevFile(dataDir: string, file: DevFile): Promise<void> {
  await writePrivately(join(dataDir, 'dev.json'), `${JSON.stringify(file, null, 2)}\n`)
}
