import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export type Packed = ReturnType<typeof installPacked>

/**
 * `npm pack`, unpacked into the `node_modules` of an empty folder, beside the packages it depends on and no others. They
 * are linked from here, so that no registry is asked. `source`: the package's folder.
 */
export function installPacked({ source = root } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tokenbus-packed-'))
  const packing = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const [{ filename, name }] = JSON.parse(execFileSync('npm', packing, { cwd: source, encoding: 'utf8' }))
  execFileSync('tar', ['xzf', join(folder, filename), '-C', folder])
  const installed = join(folder, 'node_modules', name)
  mkdirSync(dirname(installed), { recursive: true })
  execFileSync('mv', [join(folder, 'package'), installed])
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const add = (dependency: string) => {
    const link = join(folder, 'node_modules', dependency)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', dependency), link)
  }
  for (const dependency of Object.keys(manifest.dependencies)) add(dependency)

  return {
    folder,
    tarball: join(folder, filename),
    installed,
    manifest,
    /** One more package, by name. */
    add,
    /** The output of a program with that file. */
    run(file: string, source: string, ...args: string[]): string {
      writeFileSync(join(folder, file), source)
      const { stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
      })
      return stdout + stderr
    },
    /** The compiler's errors for a strict program. */
    compile(source: string): string {
      writeFileSync(join(folder, 'program.mts'), source)
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
      const lib = ['--target', 'es2022', '--lib', 'es2022,esnext.disposable']
      const flags = ['--noEmit', '--strict', '--module', 'nodenext', ...lib, '--skipLibCheck', ...types]
      return spawnSync(process.execPath, [tsc, ...flags, 'program.mts'], { cwd: folder, encoding: 'utf8' })
        .stdout
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
