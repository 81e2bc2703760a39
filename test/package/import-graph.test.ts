import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './packed.ts'

/** Every module a built file imports, however far away: its own files, and packages by name. */
function importsOf(entry: string): { files: string[]; packages: string[] } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string) => {
    if (files.has(file)) return
    files.add(file)
    const specifiers = readFileSync(file, 'utf8').matchAll(
      /(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"]+)['"]/g,
    )
    for (const [, specifier = ''] of specifiers) {
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier))
      else if (!isBuiltin(specifier)) packages.add(specifier)
    }
  }
  visit(join(root, entry))
  return { files: [...files].map((file) => relative(root, file)).sort(), packages: [...packages].sort() }
}

it('the client needs nats, its own files and a few that hold no server code', () => {
  const { files, packages } = importsOf('dist/src/client/index.js')
  expect(packages).toEqual(['nats'])
  expect(files.filter((file) => !file.startsWith('dist/src/client/'))).toEqual([
    'dist/src/bus/connect.js',
    'dist/src/bus/connection-watch.js',
    'dist/src/bus/creds-file.js',
    'dist/src/bus/nats-url.js',
    'dist/src/common/cache-fill.js',
    'dist/src/common/start-error.js',
    'dist/src/common/tls-error.js',
    'dist/src/contract/announced.js',
    'dist/src/contract/encode-id.js',
    'dist/src/contract/event-filter.js',
  ])
})

it('the machines need xstate and nothing else', () => {
  const { files, packages } = importsOf('dist/machines/index.js')
  expect(packages).toEqual(['xstate'])
  expect(files.filter((file) => !file.startsWith('dist/machines/'))).toEqual([])
})
