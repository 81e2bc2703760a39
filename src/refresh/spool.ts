import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Small texts that survive a restart of the process. */
export interface Spool {
  /** Resolves once the text is synced to disk. */
  write(name: string, text: string): Promise<void>
  read(name: string): Promise<string>
  remove(name: string): Promise<void>
  names(): Promise<string[]>
}

const ending = '.json'

/** One file per text, readable by the owner only, and written atomically. */
export function createSpool({ directory }: { directory: string }): Spool {
  const fileOf = (name: string) => join(directory, name + ending)
  return {
    async write(name, text) {
      const file = fileOf(name)
      await mkdir(directory, { recursive: true, mode: 0o700 })
      await writeFile(`${file}.part`, text, { mode: 0o600, flush: true })
      await rename(`${file}.part`, file)
    },
    read: (name) => readFile(fileOf(name), 'utf8'),
    remove: (name) => rm(fileOf(name), { force: true }),
    async names() {
      const files = await readdir(directory).catch(() => [])
      return files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length))
    },
  }
}
