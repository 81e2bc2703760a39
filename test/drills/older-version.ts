import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** The program of an earlier commit, built once beside the packages of today. */
export function olderVersion(commit: string): string {
  const directory = join(tmpdir(), `tokenbus-${commit}`)
  const program = join(directory, 'dist/src/main.js')
  if (existsSync(join(directory, 'dist/.built'))) return program
  mkdirSync(directory, { recursive: true })
  const archive = execFileSync('git', ['-C', root, 'archive', commit], { maxBuffer: 1 << 28 })
  execFileSync('tar', ['-x', '-C', directory], { input: archive })
  if (!existsSync(join(directory, 'node_modules')))
    execFileSync('cp', ['-al', join(root, 'node_modules'), join(directory, 'node_modules')])
  execFileSync(process.execPath, ['prepare.mjs', 'build'], { cwd: directory })
  return program
}
