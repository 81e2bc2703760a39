import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

/**
 * `npm pack`, unpacked into the `node_modules` of an empty folder, beside the packages it says it depends on and no
 * others. They are linked from here, so that no registry is asked.
 */
export function installPacked(): { folder: string; installed: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tokenbus-packed-'))
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(execFileSync('npm', packing, { cwd: root, encoding: 'utf8' }))
  execFileSync('tar', ['xzf', join(folder, filename), '-C', folder])
  const installed = join(folder, 'node_modules/tokenbus')
  const link = (from: string, to: string) => {
    mkdirSync(dirname(to), { recursive: true })
    symlinkSync(from, to)
  }
  mkdirSync(dirname(installed), { recursive: true })
  execFileSync('mv', [join(folder, 'package'), installed])
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies))
    link(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  return { folder, installed, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
