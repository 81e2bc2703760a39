import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The library of the Debian package `faketime`; undefined if it is not installed. */
export const fakeTimeLibrary = ['/usr/lib', ...triplets()]
  .map((folder) => join(folder, 'faketime/libfaketime.so.1'))
  .find(existsSync)

function triplets(): string[] {
  const names = existsSync('/usr/lib') ? readdirSync('/usr/lib') : []
  return names.filter((name) => name.includes('-linux-')).map((name) => join('/usr/lib', name))
}

export interface SteppedClock extends AsyncDisposable {
  /** Steps the wall clock of a process, but not its monotonic clock. */
  readonly env: Readonly<Record<string, string>>
  /** From the true time, as `-10m`. Takes effect within a second. */
  step(by: string): Promise<void>
}

export async function createSteppedClock(): Promise<SteppedClock> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenbus-clock-'))
  const file = join(folder, 'offset')
  const step = (by: string) => writeFile(file, `${by}\n`)
  await step('+0')
  return {
    env: {
      // The allocator that redis-server brings asks for the time before the library is ready for that.
      LD_PRELOAD: `${fakeTimeLibrary} libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    step,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
