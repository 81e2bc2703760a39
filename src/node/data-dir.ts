import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { StartError } from '../common/start-error.ts'

export interface DataDirOptions {
  readonly dataDir: string
  readonly mode: 'dev' | 'serve'
  readonly logger: Pick<Logger, 'warn'>
}

/** The files of `dev`; missing ones are created, other files are left alone. */
const ours =
  /^(keys|admin-token|(dev|sandbox)\.json|nats|redis|redis-identity|spool)(\.(log|pid|part))?$|^lost\+found$/

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'may not be written by this user',
  EPERM: 'may not be written by this user',
  ENOENT: 'cannot be made',
  EROFS: 'is on a file system that is read-only',
  ENOTDIR: 'is not a directory',
  EEXIST: 'is not a directory',
  ENOSPC: 'is on a disk that is full',
  EDQUOT: 'is on a disk that is full',
}
const isFull = (code: string | undefined) => code === 'ENOSPC' || code === 'EDQUOT'

/**
 * Creates the data directory and checks that it is writable. Throws `StartError`, except that `serve` starts with a full
 * disk, because it needs the directory only for answers that Redis cannot store.
 */
export async function prepareDataDir({ dataDir, mode, logger }: DataDirOptions): Promise<void> {
  const spool = join(dataDir, 'spool')
  const probe = join(spool, `probe-${process.pid}`)
  try {
    if (mode === 'dev') await refuseForeign(dataDir)
    await makeDirectory(resolve(spool))
    try {
      await writeFile(probe, 'x'.repeat(65_536), { flush: true })
    } finally {
      await rm(probe, { force: true })
    }
  } catch (error) {
    const failure = dataDirFailure(error, dataDir)
    if (failure === undefined) throw error
    if (mode === 'dev' || !isFull((error as NodeJS.ErrnoException).code)) throw failure
    logger.warn(failure.message)
  }
}

/** A file-system error of the data directory as one sentence; undefined for other errors. */
export function dataDirFailure(error: unknown, dataDir: string): StartError | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, path, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return undefined
  const reason = reasons[code] ?? `cannot be used (${code})`
  // ENOSPC on write carries no path.
  const within = path === undefined ? isFull(code) : resolve(path).startsWith(resolve(dataDir))
  if (!within) return undefined
  const what = path === undefined || resolve(path) === resolve(dataDir) ? '' : ` (${path})`
  const remedy = isFull(code) ? 'make room' : 'correct that'
  return new StartError(
    `The data directory ${dataDir}${what} ${reason}; ${remedy}, or set TOKENBUS_DATA_DIR to another directory.`,
    { cause: error },
  )
}

/** Not `mkdir` with `recursive`, which loops below /proc and reports ENOENT on read-only file systems. */
async function makeDirectory(path: string): Promise<void> {
  const make = () => mkdir(path, { mode: 0o700 })
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return
    if (error.code !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await make()
  })
}

async function refuseForeign(dataDir: string): Promise<void> {
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const foreign = names.find((name) => !ours.test(name))
  if (foreign === undefined || names.includes('dev.json')) return
  throw new StartError(
    `The data directory ${dataDir} contains files that are not of tokenbus dev (${foreign}); set TOKENBUS_DATA_DIR to an empty or a new directory.`,
  )
}
