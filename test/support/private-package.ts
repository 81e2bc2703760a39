import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installPrivatePackage } from '../../prepare/private-package.mjs'

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
    missing: installed(folder) ? null : `npm ci failed in ${path}`,
    load: async <T>(name: string) => (await import(require.resolve(name))) as T,
  }
}

function installed(folder: string): boolean {
  try {
    installPrivatePackage(folder)
    return true
  } catch {
    return false
  }
}
