import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

export interface PrivatePackage {
  /** Null, or why its tools cannot be had. */
  readonly missing: string | null
  /** A module of its tools, by its name. */
  load<T>(name: string): Promise<T>
}

/** Installs a folder's tools by its separate lock file: they need an older TypeScript than the project's. */
export function privatePackage(path: string): PrivatePackage {
  const folder = fileURLToPath(new URL(`${path}/`, root))
  const require = createRequire(join(folder, 'package.json'))
  return {
    missing: install(folder) ? null : `npm ci failed in ${path}`,
    load: async <T>(name: string) => (await import(require.resolve(name))) as T,
  }
}

function install(folder: string): boolean {
  const stamp = join(folder, 'node_modules/.lock')
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return true
  try {
    rmSync(stamp, { force: true })
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', ['ci', ...quietly], { cwd: folder, stdio: 'pipe', timeout: 300_000 })
    writeFileSync(stamp, lock)
    return true
  } catch {
    return false
  }
}
