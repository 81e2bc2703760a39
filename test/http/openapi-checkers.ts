import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('./openapi-checkers/', import.meta.url))

/** Installs the checkers, which have a lock file of their own. Answers null, or why they cannot be had. */
export function prepareCheckers(): string | null {
  const stamp = join(folder, 'node_modules/.lock')
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return null
  try {
    rmSync(stamp, { force: true })
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', ['ci', ...quietly], { cwd: folder, stdio: 'pipe', timeout: 180_000 })
    writeFileSync(stamp, lock)
    return null
  } catch {
    return 'npm ci failed in test/http/openapi-checkers'
  }
}

/** A module of theirs, by its name. */
export async function checker<T>(name: string): Promise<T> {
  const require = createRequire(join(folder, 'package.json'))
  return (await import(require.resolve(name))) as T
}
