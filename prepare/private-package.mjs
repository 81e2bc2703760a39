import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * Installs the tools of a folder with a lock file of its own, unless that is done. Several processes may call it at
 * once: each installs beside the folder's `node_modules` and moves it there when whole, so nobody sees half of it.
 */
export function installPrivatePackage(folder) {
  const modules = join(folder, 'node_modules')
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const isInstalled = () =>
    existsSync(join(modules, '.lock')) && readFileSync(join(modules, '.lock'), 'utf8') === lock
  if (isInstalled()) return
  const own = mkdtempSync(join(folder, 'node_modules.'))
  try {
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(folder, file), join(own, file))
    const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    const stdio = ['ignore', 'ignore', 'pipe']
    execFileSync('npm', ['ci', ...quietly], { cwd: own, stdio, timeout: 300_000 })
    writeFileSync(join(own, 'node_modules/.lock'), lock)
    if (isInstalled()) return
    // Another process may put its own there in between, which is as good.
    if (existsSync(modules)) renameSync(modules, join(own, 'outdated'))
    try {
      renameSync(join(own, 'node_modules'), modules)
    } catch (error) {
      if (!isInstalled()) throw error
    }
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}
